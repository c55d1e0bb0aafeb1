#include "lib/app/service_refresh.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "lib/app/call.h"
#include "lib/app/dispatch.h"
#include "lib/app/report.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::chrono::minutes kBetweenEarlyOnes{5};
constexpr std::size_t kMostRemembered = 1000;

// What the verbs say goes into the log, line by line; nobody answers.
class LogConsole final : public Console {
 public:
  LogConsole(ServiceLog& log, Instant now, std::string_view verb) : log_(log), now_(now), verb_(verb) {}
  Result<void> write_out(std::string_view text) override {
    tell(text);
    return {};
  }
  void write_error(std::string_view text) override { tell(text); }
  Result<std::string> read_input(std::size_t) override {
    return fail("Answer.NotPossible", "the service has no standard input");
  }
  [[nodiscard]] bool can_ask() const override { return false; }
  std::optional<std::string> ask(std::string_view) override { return std::nullopt; }
  void progress(std::size_t, std::size_t, std::string_view) override {}

 private:
  void tell(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto line = trim(text.substr(0, end));
      if (!line.empty()) log_.note(now_, fmt::format("{}: {}", verb_, line));
      text.remove_prefix(end == text.size() ? end : end + 1);
    }
  }

  ServiceLog& log_;
  Instant now_;
  std::string_view verb_;
};

}  // namespace

ServiceRefresh::ServiceRefresh(const Settings& settings, std::optional<std::string> store, Duration interval,
                               ServiceLog& log)
    : settings_(settings), store_(std::move(store)), interval_(interval), log_(log) {
  if (interval_ > Duration::zero()) thread_ = std::thread([this] { run(); });
}

ServiceRefresh::~ServiceRefresh() {
  static_cast<void>(end_within(std::chrono::seconds(0)));
  if (thread_.joinable()) thread_.join();
}

bool ServiceRefresh::end_within(std::chrono::seconds time) {
  std::unique_lock guard(lock_);
  ends_ = true;
  changed_.notify_all();
  return changed_.wait_for(guard, time, [this] { return !is_busy_; });
}

void ServiceRefresh::ask_for(const std::string& oauth_server) {
  if (interval_ == Duration::zero()) return;
  {
    const std::lock_guard guard(lock_);
    const auto last = last_early_.find(oauth_server);
    if (last != last_early_.end() && Clock::now() - last->second < kBetweenEarlyOnes) return;
    if (last == last_early_.end() && last_early_.size() >= kMostRemembered) return;
    last_early_[oauth_server] = Clock::now();
    asked_.insert(oauth_server);
  }
  changed_.notify_all();
}

void ServiceRefresh::run() {
  auto next = Clock::now() + interval_;
  for (;;) {
    std::set<std::string> asked;
    {
      std::unique_lock guard(lock_);
      is_busy_ = false;
      changed_.notify_all();
      changed_.wait_until(guard, next, [this] { return ends_ || !asked_.empty(); });
      if (ends_) return;
      is_busy_ = true;
      asked = std::exchange(asked_, {});
    }
    try {
      for (const auto& server : asked) call("update-oauth-server", {"--identity=" + server});
      if (Clock::now() < next) continue;
      next = Clock::now() + interval_;
      refresh_all();
    } catch (const std::exception&) {
      log_.note(SystemClock().now(), "the refresh ran out of memory");
    }
  }
}

void ServiceRefresh::refresh_all() {
  call("update-partner-application", {"--all"});
  call("update-oauth-server", {"--all"});
}

// A call of its own, as a process would make it: its own view of the store, its own transaction.
void ServiceRefresh::call(const std::string& verb, const std::vector<std::string>& arguments) {
  const auto now = SystemClock().now();
  LogConsole console(log_, now, verb);
  const auto told = [&](const Error& error) {
    static_cast<void>(report(console, verb, error, {.store = store_of(error, store_, settings_)}));
  };
  const auto declared = declared_verb(verb);
  if (!declared) {
    if (missing_.insert(verb).second) told(declared.error());
    return;
  }
  auto words = arguments;
  words.emplace_back("--confirm=false");
  Call call{.verb = &*declared, .arguments = std::move(words)};
  auto bound = bind_call(*declared, call.arguments, now);
  if (!bound) return told(bound.error());
  call.bound = *std::move(bound);
  call.bound.common.store = store_;
  StoreSession session(settings_, store_);
  Answers answers;
  const auto code = perform_and_print(
      call,
      {.console = console, .settings = settings_, .now = now, .session = session, .answers = answers});
  if (!code) return told(code.error());
  log_.note(now, fmt::format("{} ended with {}", verb, static_cast<int>(*code)));
}

}  // namespace accord
