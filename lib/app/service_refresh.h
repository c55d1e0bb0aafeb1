// Reading the documents of partners and OAuth servers again while the service runs: the verbs that do it, in
// process, on a thread of their own (protocol.md 2.5).
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "lib/app/service_log.h"
#include "lib/app/store_session.h"

namespace accord {

class ServiceRefresh {
 public:
  using Clock = std::chrono::steady_clock;

  // `interval` 0: never, not even early. `store`: --store of the service.
  ServiceRefresh(const Settings& settings, std::optional<std::string> store, Duration interval,
                 ServiceLog& log);
  ServiceRefresh(const ServiceRefresh&) = delete;
  ServiceRefresh& operator=(const ServiceRefresh&) = delete;
  // Waits for a refresh under way.
  ~ServiceRefresh();
  // No further one begins; whether the one under way ended within `time`.
  [[nodiscard]] bool end_within(std::chrono::seconds time);

  // A token named a key that this OAuth server is not known to have. Its document is read early, at most once in
  // five minutes, because anybody can name any key.
  void ask_for(const std::string& oauth_server);

 private:
  void run();
  void refresh_all();
  void call(const std::string& verb, const std::vector<std::string>& arguments);

  const Settings& settings_;
  const std::optional<std::string> store_;
  const Duration interval_;
  ServiceLog& log_;

  std::mutex lock_;
  std::condition_variable changed_;
  bool ends_ = false;
  bool is_busy_ = false;
  std::set<std::string> asked_;
  std::map<std::string, Clock::time_point> last_early_;
  std::set<std::string> missing_;  // verbs, told once; of the thread alone
  std::thread thread_;
};

}  // namespace accord
