#include "base/try.h"
#include "command.h"
#include "node_session.h"

#include "crypto/keys.h"
#include "node/directory/data_directory.h"
#include "node/directory/key_store.h"
#include "node/directory/storage.h"
#include "node/directory/trusted_mirrors.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

namespace shoal::command {
namespace {

/// Key files are used in place, without a node: no secret passes through one.
Result<node::KeyStore> key_store(const CommonOptions& common) {
  crypto::init();
  SHOAL_TRY(const auto directory, data_directory(common));
  SHOAL_CHECK(node::DataDirectory::make(directory));
  node::KeyStore::AskPassphrase ask;
  if (!common.passphrase_file.empty()) {
    ask = [file = common.passphrase_file] { return read_passphrase(file); };
  }
  return node::KeyStore(directory / "keys", std::move(ask));
}

Result<node::KeyInfo> find_key(const node::KeyStore& keys, const std::string& name) {
  SHOAL_TRY(const auto key, keys.find(name));
  if (key) return *key;
  return Error{Code::not_found, "there is no key named " + name, "shoal key ls lists them"};
}

/// Commands that take a key's name and nothing else.
class KeyCommand : public Command {
 protected:
  KeyCommand() : Command(false) {}
  void declare_own(OptionSet& options) override { options.positional("NAME", name_, "what the key is called here"); }

  std::string name_;
};

/// Those that change what is kept of one key, and print its public half.
class KeyChange : public KeyCommand {
 public:
  [[nodiscard]] Result<Exit> run(Context& context) final {
    SHOAL_TRY(auto keys, key_store(common_));
    SHOAL_TRY(const auto key, change(context, keys));
    SHOAL_CHECK(context.out.write(key.key.hex() + "\n"));
    return Exit::ok;
  }

 private:
  [[nodiscard]] virtual Result<node::KeyInfo> change(Context& context, node::KeyStore& keys) = 0;
};

class KeyGen final : public KeyChange {
  [[nodiscard]] Result<node::KeyInfo> change(Context& /*context*/, node::KeyStore& keys) override {
    return keys.generate(name_);
  }

 protected:
  void declare_own(OptionSet& options) override {
    KeyCommand::declare_own(options);
    options.about(
        "A feed is made with it by the first init or pub under this name. With --passphrase-file it is sealed.");
    options.examples({"shoal key gen quakes", "shoal key gen quakes --passphrase-file fd:3 3<secret"});
  }
};

class KeyShow final : public Command {
 public:
  KeyShow() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    if (node_ == !name_.empty()) return Error{Code::invalid_argument, "either NAME or --node", ""};
    SHOAL_TRY(auto keys, key_store(common_));
    if (node_) return show_node(context);
    SHOAL_TRY(const auto key, find_key(keys, name_));
    SHOAL_CHECK(context.out.write(key.key.hex() + "\n"));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("NAME", name_, "what the key is called here", false);
    options.flag("--node", node_, "the key of this directory's node, which signs what it holds");
    options.about(
        "A feed key's 64 digits are the feed's id, by which everybody else names it. Those of a node are what a "
        "publisher gives a name with shoal key trust, to wait for this mirror.");
    options.examples({"shoal key show quakes", "shoal key show --node"});
  }

 private:
  [[nodiscard]] Result<Exit> show_node(Context& context) const {
    SHOAL_TRY(const auto directory, data_directory(common_));
    SHOAL_TRY(const auto key, node::load_node_key(directory / "node.key"));
    SHOAL_CHECK(context.out.write(key.public_key().hex() + "\n"));
    return Exit::ok;
  }

  std::string name_;
  bool node_ = false;
};

class KeyList final : public Command {
 public:
  KeyList() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    // Reading must not make the directory.
    crypto::init();
    SHOAL_TRY(const auto directory, data_directory(common_));
    const node::KeyStore keys(directory / "keys", {});
    SHOAL_TRY(const auto found, keys.list());
    SHOAL_TRY(const auto mirrors, node::TrustedMirrors(directory / "keys").list());
    SHOAL_CHECK(context.out.write(json_ ? json(found.keys, mirrors) : text(found.keys, mirrors)));
    if (!found.unreadable.empty()) return found.unreadable.front();
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.flag("--json", json_, "one JSON value");
    options.about(
        "One line each: name, public half, and whether a passphrase seals the secret half; then the mirrors that shoal "
        "key trust named.");
    options.examples({"shoal key ls", "shoal key ls --json"});
  }

 private:
  using Mirrors = std::vector<node::TrustedMirrors::Mirror>;

  static std::string text(const std::vector<node::KeyInfo>& keys, const Mirrors& mirrors) {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(keys.size() + mirrors.size());
    for (const node::KeyInfo& key : keys) rows.push_back({key.name, key.key.hex(), key.sealed ? "sealed" : "open"});
    for (const auto& mirror : mirrors) rows.push_back({mirror.name, mirror.key.hex(), "mirror"});
    return format_table(rows);
  }
  static std::string json(const std::vector<node::KeyInfo>& keys, const Mirrors& mirrors) {
    auto list = nlohmann::ordered_json::array();
    for (const node::KeyInfo& key : keys) {
      list.push_back({{"name", key.name}, {"key", key.key.hex()}, {"sealed", key.sealed}, {"kind", "feed"}});
    }
    for (const auto& mirror : mirrors) {
      list.push_back({{"name", mirror.name}, {"key", mirror.key.hex()}, {"sealed", false}, {"kind", "mirror"}});
    }
    return list.dump() + "\n";
  }

  bool json_ = false;
};

class KeyImport final : public KeyChange {
  [[nodiscard]] Result<node::KeyInfo> change(Context& /*context*/, node::KeyStore& keys) override {
    return keys.import(name_, file_, new_);
  }

 protected:
  void declare_own(OptionSet& options) override {
    KeyCommand::declare_own(options);
    options.positional("FILE", file_, "a key file written by 'shoal key export --secret'");
    options.about(
        "A feed must be written by one node only: import a key where the feed moves to, not where it is copied to. "
        "Before the key signs here, shoal recover has to find what it signed elsewhere.");
    options.flag("--new", new_, "the key has never signed anything, anywhere");
    options.examples({"shoal key import quakes quakes.key", "shoal key import quakes unused.key --new"});
  }

 private:
  std::string file_;
  bool new_ = false;
};

class KeyRelease final : public KeyChange {
  [[nodiscard]] Result<node::KeyInfo> change(Context& context, node::KeyStore& keys) override {
    SHOAL_TRY(auto key, keys.release(name_));
    context.messages.notice("nothing is signed with " + name_ +
                            " here any more; serve the feed from here until the other machine has recovered it");
    return key;
  }

 protected:
  void declare_own(OptionSet& options) override {
    KeyCommand::declare_own(options);
    options.about(
        "The first step of moving a feed to another machine. The key stays here and signs nothing from now on (exit "
        "12); shoal node serves the feed as before. The other machine imports the key and takes the history with shoal "
        "recover. To take it back, release it there, then recover it here. Ends with 11 while a process signs with "
        "it.");
    options.examples({"shoal key release quakes"});
  }
};

/// Copies without the bytes entering this process.
Result<void> send_to_stdout(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ssize_t sent = fd < 0 ? -1 : 1;
  while (sent > 0) {
    sent = ::sendfile(STDOUT_FILENO, fd, nullptr, 1 << 16);
    if (sent < 0 && errno == EINTR) sent = 1;
  }
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (sent == 0) return {};
  return Error{Code::io, std::string("cannot write the key: ") + std::strerror(reason), "name a FILE to write it to"};
}

class KeyExport final : public KeyCommand {
 public:
  [[nodiscard]] Result<Exit> run(Context& context) override {
    if (public_ == secret_) return Error{Code::invalid_argument, "either --public or --secret", ""};
    if (secret_ && file_.empty() && ::isatty(STDOUT_FILENO) == 1) {
      return Error{Code::invalid_argument, "a secret key is not shown on a terminal", "name a FILE to write it to"};
    }
    SHOAL_TRY(auto keys, key_store(common_));
    SHOAL_CHECK(public_ ? export_public(context, keys) : export_secret(keys));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    KeyCommand::declare_own(options);
    options.positional("FILE", file_, "where to (else stdout)", false);
    options.flag("--public", public_, "the public half: the feed's id");
    options.flag("--secret", secret_, "the key file itself, for a backup or another machine");
    options.about("Whoever has the secret half can write the feed in your name.");
    options.examples({"shoal key export quakes --public", "shoal key export quakes --secret quakes.key"});
  }

 private:
  [[nodiscard]] Result<void> export_public(Context& context, const node::KeyStore& keys) const {
    SHOAL_TRY(const auto key, find_key(keys, name_));
    const std::string text = key.key.hex() + "\n";
    if (file_.empty()) return context.out.write(text);
    const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
      return Error{errno == EEXIST ? Code::already_exists : Code::io,
                   "cannot make " + file_ + ": " + std::strerror(errno), ""};
    }
    DataOutput file(fd);
    auto written = file.write(text);
    if (written.ok()) written = file.flush();
    ::close(fd);
    return written;
  }

  [[nodiscard]] Result<void> export_secret(const node::KeyStore& keys) const {
    if (!file_.empty()) return keys.export_secret(name_, file_);
    SHOAL_TRY(const auto directory, data_directory(common_));
    SHOAL_TRY(const auto scratch, ScratchDirectory::make(directory));
    SHOAL_CHECK(keys.export_secret(name_, scratch.path() / "key"));
    return send_to_stdout(scratch.path() / "key");
  }

  std::string file_;
  bool public_ = false;
  bool secret_ = false;
};

}  // namespace

std::unique_ptr<Command> make_key_gen() { return std::make_unique<KeyGen>(); }
std::unique_ptr<Command> make_key_ls() { return std::make_unique<KeyList>(); }
std::unique_ptr<Command> make_key_show() { return std::make_unique<KeyShow>(); }
std::unique_ptr<Command> make_key_export() { return std::make_unique<KeyExport>(); }
std::unique_ptr<Command> make_key_release() { return std::make_unique<KeyRelease>(); }
std::unique_ptr<Command> make_key_import() { return std::make_unique<KeyImport>(); }

}  // namespace shoal::command
