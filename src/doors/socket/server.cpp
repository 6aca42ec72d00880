#include "doors/socket/server.h"

#include "base/try.h"
#include "doors/http/unix_socket.h"
#include "doors/socket/event_hub.h"
#include "node/api/deadline.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

namespace shoal::doors {
namespace {

/// Pause, in ms, after the system had no descriptor left.
constexpr int kShortageMs = 100;

Error system_error(const char* what) { return {Code::io, std::string(what) + ": " + std::strerror(errno), ""}; }

}  // namespace

struct Server::State {
  struct Client {
    explicit Client(FileDescriptor socket, State& state)
        : connection(std::move(socket), *state.node, *state.events, state.places, state.options) {}
    Connection connection;
    std::thread thread;
    bool done = false;  // under mutex
  };

  explicit State(const ServerOptions& given) : options(given) {}

  std::shared_ptr<node::NodeApi> node;
  std::shared_ptr<EventHub> events = std::make_shared<EventHub>();
  std::filesystem::path socket;
  const ServerOptions options;
  StreamPlaces places{options.max_streams};
  FileDescriptor listener;
  FileDescriptor watch;  ///< epoll: the listener, the wake-up, and every connection for its end
  FileDescriptor wake;   ///< eventfd
  std::thread acceptor;

  mutable std::mutex mutex;
  mutable std::condition_variable_any changed;
  bool stopping = false;
  std::list<std::unique_ptr<Client>> clients;

  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] bool watch_for(int descriptor, std::uint32_t events_wanted, void* about) const;
  void poke() const;
  void accept_all();
  void take(FileDescriptor taken);
  void serve(Client& client);
  void reap();
  [[nodiscard]] bool must_stop() const;
  void run();
};

Result<void> Server::State::prepare() {
  watch = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  wake = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!watch || !wake) return system_error("cannot watch the node's socket");
  SHOAL_TRY(listener, listen_unix(socket));
  if (!watch_for(listener.get(), EPOLLIN, &listener) || !watch_for(wake.get(), EPOLLIN, &wake)) {
    return system_error("cannot watch the node's socket");
  }
  return {};
}

bool Server::State::watch_for(int descriptor, std::uint32_t events_wanted, void* about) const {
  epoll_event event{};
  event.events = events_wanted;
  event.data.ptr = about;
  return ::epoll_ctl(watch.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Server::State::poke() const {
  const std::uint64_t one = 1;
  std::ignore = ::write(wake.get(), &one, sizeof one);
}

bool Server::State::must_stop() const {
  const std::lock_guard lock(mutex);
  return stopping;
}

void Server::State::accept_all() {
  for (;;) {
    FileDescriptor taken(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (taken) {
      take(std::move(taken));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ::poll(nullptr, 0, kShortageMs);
      return;
    }
    if (errno != EINTR && errno != ECONNABORTED) return;
  }
}

void Server::State::take(FileDescriptor taken) {
  if (!check_peer_user(taken.get()).ok()) return;
  const std::lock_guard lock(mutex);
  if (stopping) return;
  if (clients.size() >= options.max_connections) {
    refuse_connection(std::move(taken), options.max_connections);
    return;
  }
  auto client = std::make_unique<Client>(std::move(taken), *this);
  // EPOLLHUP is always reported, and only when the other end closed both directions: a client that closed only its
  // sending side still reads its answer.
  if (!watch_for(client->connection.descriptor(), EPOLLET, client.get())) return;
  try {
    client->thread = std::thread([this, served = client.get()] { serve(*served); });
  } catch (const std::system_error&) {
    return;  // no thread left: the client sees its connection end
  }
  clients.push_back(std::move(client));
  changed.notify_all();
}

void Server::State::serve(Client& client) {
  // An exception of a library, such as std::bad_alloc, ends this client only.
  try {
    client.connection.run();
  } catch (const std::exception&) {
    client.connection.hang_up();
  }
  {
    const std::lock_guard lock(mutex);
    client.done = true;
  }
  poke();
}

void Server::State::reap() {
  std::list<std::unique_ptr<Client>> gone;
  {
    const std::lock_guard lock(mutex);
    for (auto client = clients.begin(); client != clients.end();) {
      const auto next = std::next(client);
      if ((*client)->done) gone.splice(gone.end(), clients, client);
      client = next;
    }
  }
  for (const auto& client : gone) client->thread.join();
  if (!gone.empty()) changed.notify_all();
}

void Server::State::run() {
  while (!must_stop()) {
    std::array<epoll_event, 64> happened;
    const int count = ::epoll_wait(watch.get(), happened.data(), static_cast<int>(happened.size()), -1);
    bool knocked = false;
    for (int i = 0; i < count; ++i) {
      const void* about = happened[static_cast<std::size_t>(i)].data.ptr;
      if (about == &listener) {
        knocked = true;
      } else if (about == &wake) {
        std::uint64_t counted = 0;
        std::ignore = ::read(wake.get(), &counted, sizeof counted);
      } else if ((happened[static_cast<std::size_t>(i)].events & (EPOLLHUP | EPOLLERR)) != 0) {
        static_cast<Client*>(happened[static_cast<std::size_t>(i)].data.ptr)->connection.hang_up();
      }
    }
    // Clients are destroyed only here, after all events of this round: each event holds a pointer to its client.
    reap();
    if (knocked) accept_all();
  }
}

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<node::NodeApi> node, const std::filesystem::path& socket,
                                              const ServerOptions& options) {
  auto state = std::make_unique<State>(options);
  state->node = std::move(node);
  state->socket = socket;
  SHOAL_CHECK(state->prepare());
  state->node->on_peer_blamed([events = std::weak_ptr(state->events)](const PeerInfo& peer, std::string_view what) {
    if (const auto alive = events.lock()) alive->tell_blamed(peer, what);
  });
  State& running = *state;
  running.acceptor = std::thread([&running] { running.run(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(); }

void Server::stop() {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    if (state.stopping) return;
    state.stopping = true;
  }
  state.poke();
  state.acceptor.join();
  // No new client can come; then the present ones are ended.
  std::error_code ignored;
  std::filesystem::remove(state.socket, ignored);
  state.listener.reset();
  std::list<std::unique_ptr<State::Client>> clients;
  {
    const std::lock_guard lock(state.mutex);
    clients.swap(state.clients);
  }
  for (const auto& client : clients) client->connection.hang_up();
  for (const auto& client : clients) client->thread.join();
  clients.clear();
  state.changed.notify_all();
}

std::size_t Server::attached() const {
  const std::lock_guard lock(state_->mutex);
  return state_->clients.size();
}

bool Server::wait_until_unattached(const Wait& wait) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_until(lock, wait.stop, node::deadline_of(wait),
                                    [this] { return state_->clients.empty(); });
}

}  // namespace shoal::doors
