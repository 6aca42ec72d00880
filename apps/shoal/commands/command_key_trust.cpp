#include "base/try.h"
#include "command.h"

#include "crypto/key_file.h"
#include "crypto/keys.h"
#include "node/directory/data_directory.h"
#include "node/directory/trusted_mirrors.h"

namespace shoal::command {
namespace {

/// Names the node key of a mirror.
class KeyTrust final : public Command {
 public:
  KeyTrust() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& /*context*/) override {
    if (forget_ == !hex_.empty()) return Error{Code::invalid_argument, "either HEX or --forget", ""};
    crypto::init();
    SHOAL_TRY(const auto directory, data_directory(common_));
    SHOAL_CHECK(node::DataDirectory::make(directory));
    const node::TrustedMirrors mirrors(directory / "keys");
    if (forget_) {
      SHOAL_CHECK(mirrors.forget(name_));
      return Exit::ok;
    }
    const auto key = PublicKey::parse(hex_);
    if (!key) {
      return Error{Code::invalid_argument, "'" + hex_ + "' is no node key: those have 64 hexadecimal digits",
                   "shoal key show --node prints it at the mirror"};
    }
    const auto own = crypto::describe_key_file(directory / "node.key");
    if (own && own->key == *key) {
      return Error{Code::invalid_argument,
                   "this is the key of this directory's own node, which is no mirror of its feeds",
                   "shoal key show --node, run at the mirror, prints the mirror's key"};
    }
    SHOAL_CHECK(mirrors.trust(name_, *key));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("NAME", name_, "what the mirror is called here");
    options.positional("HEX", hex_, "the key of its node: shoal key show --node", false);
    options.flag("--forget", forget_, "NAME stands for nothing any more");
    options.about(
        "Gives a mirror's node key a name, so that pub --acks NAME can wait for it. Ask the mirror's operator for the "
        "key by a way that you trust. shoal key ls lists the names; shoal info shows what the mirrors hold.");
    options.examples({"shoal key trust backup 7d4e1c3b2a09f8e7d6c5b4a3928170605f4e3d2c1b0a99887766554433221100",
                      "shoal key trust backup --forget"});
  }

 private:
  std::string name_;
  std::string hex_;
  bool forget_ = false;
};

}  // namespace

std::unique_ptr<Command> make_key_trust() { return std::make_unique<KeyTrust>(); }

}  // namespace shoal::command
