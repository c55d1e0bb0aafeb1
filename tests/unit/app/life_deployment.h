// What the story of life_test.cc happens in: our store and those of four partners in a scratch folder,
// commands run in process by the clock of whoever runs them, certificates of any validity around the test
// keys, tokens and their judges.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/verification.h"
#include "lib/cert/timeline.h"
#include "lib/core/json.h"
#include "lib/token/key.h"

namespace accord::test {

using Words = std::vector<std::string>;

struct Outcome {
  int code = 0;
  std::string out = {};
  std::string error = {};
};

// A certificate of ours with its key, known by one letter.
struct OwnCertificate {
  char letter = 0;
  Certificate certificate = {};
  std::string pem_path = {};   // certificate and key, to be imported
  std::string cert_path = {};  // the certificate alone
  std::shared_ptr<const Key> key = {};
};

struct WantedCertificate {
  char letter = 0;
  std::string_view key_file;  // of tests/data: PEM or DER
  Instant not_before = {};
  Instant not_after = {};
};

// A token as it says itself what it is; unchecked.
struct MintedText {
  std::string text = {};
  std::string x5t = {};
  Instant not_before = {};
  Instant expires = {};
};
[[nodiscard]] MintedText read_minted(const std::string& text);

// A folder with stores, gone with the object.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& content) const;

  [[nodiscard]] OwnCertificate make(const WantedCertificate& wanted) const;

  // A command on the store of that name at that time, every question answered with Yes.
  Outcome run(const std::string& store, const Words& words, Instant now, std::string input = {});
  // One that must end in 0.
  std::string must_run(const std::string& store, const Words& words, Instant now);

  [[nodiscard]] std::int64_t commands() const { return commands_; }

 private:
  std::filesystem::path folder_;
  std::int64_t commands_ = 0;
};

// What a server with this store would judge with, from what the store holds now; good after it has changed.
[[nodiscard]] Judge judge_of(const std::string& store, Instant now);
// The rows of the token issuer, and what the real code publishes by them at `now`.
[[nodiscard]] Assignments rows_of(const std::string& store, Instant now);
[[nodiscard]] std::vector<Certificate> published_of(const std::string& store, Instant now);

// A token that whoever holds the key could make, for any audience.
[[nodiscard]] std::string forge(const OwnCertificate& own, const std::string& issuer,
                                const std::string& audience, Instant not_before, Instant expires);

}  // namespace accord::test
