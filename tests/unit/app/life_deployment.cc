#include "tests/unit/app/life_deployment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

#include "lib/app/environment.h"
#include "lib/app/our_certificates.h"
#include "lib/app/run.h"
#include "lib/cert/certificate.h"
#include "lib/core/encoding.h"
#include "lib/core/handle.h"
#include "lib/store/certificate.h"
#include "lib/token/claims.h"
#include "lib/token/sign.h"
#include "tests/support.h"

namespace accord::test {
namespace {

namespace fs = std::filesystem;

using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using X509Handle = Handle<X509, X509_free>;
using BioHandle = Handle<BIO, BIO_free_all>;

// An admin at a terminal who says Yes to everything.
class AgreeingConsole final : public Console {
 public:
  explicit AgreeingConsole(std::string input = {}) : input_(std::move(input)) {}
  Result<void> write_out(std::string_view text) override {
    out += text;
    return {};
  }
  void write_error(std::string_view text) override { error += text; }
  Result<std::string> read_input(std::size_t) override { return std::exchange(input_, {}); }
  [[nodiscard]] bool can_ask() const override { return true; }
  std::optional<std::string> ask(std::string_view) override { return "Y"; }
  void progress(std::size_t, std::size_t, std::string_view) override {}

  std::string out = {};
  std::string error = {};

 private:
  std::string input_;
};

// A call that reads, without a verb around it.
struct Reading {
  explicit Reading(const std::string& store, Instant now)
      : settings{.accord_store = store},
        session(settings, std::nullopt),
        environment(
            {.console = console, .settings = settings, .now = now, .session = session, .answers = answers},
            verb, common, "") {}
  AgreeingConsole console;
  Settings settings;
  StoreSession session;
  Answers answers;
  Verb verb;
  CommonOptions common;
  Environment environment;
};

KeyHandle load_key(std::string_view file) {
  const auto content = data(std::string(file));
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  KeyHandle key;
  if (content.starts_with("-----")) {
    const BioHandle source(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    key.reset(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr));
  } else {
    key.reset(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(content.size())));
  }
  REQUIRE_MESSAGE(key, file << " holds no key");
  return key;
}

X509Handle self_signed(EVP_PKEY* key, const WantedCertificate& wanted) {
  X509Handle made(X509_new());
  const auto seconds = [](Instant at) { return static_cast<std::time_t>(at.time_since_epoch().count()); };
  const std::string name = "litwareinc.com";
  auto* subject = X509_get_subject_name(made.get());
  const bool done =
      X509_set_version(made.get(), X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set(X509_get_serialNumber(made.get()), wanted.letter) == 1 &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) == 1 &&
      X509_set_issuer_name(made.get(), subject) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(wanted.not_before)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(wanted.not_after)) != nullptr &&
      X509_set_pubkey(made.get(), key) == 1 &&
      X509_sign(made.get(), key, EVP_PKEY_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256()) > 0;
  REQUIRE(done);
  return made;
}

std::string content_of(BIO* bio) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Folder::Folder() {
  auto made = (fs::temp_directory_path() / "accord-life-XXXXXX").string();
  REQUIRE(mkdtemp(made.data()) != nullptr);
  folder_ = made;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Folder::write(const std::string& name, const std::string& content) const {
  std::ofstream file(path(name), std::ios::binary);
  file << content;
  REQUIRE(file.flush().good());
}

OwnCertificate Folder::make(const WantedCertificate& wanted) const {
  const auto key = load_key(wanted.key_file);
  const auto x509 = self_signed(key.get(), wanted);
  const BioHandle certificate(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(certificate.get(), x509.get()) == 1);
  const auto public_part = content_of(certificate.get());
  REQUIRE(PEM_write_bio_PrivateKey(certificate.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  const auto both = content_of(certificate.get());
  const std::string name(1, wanted.letter);
  write(name + ".pem", both);
  write(name + ".cer", public_part);
  const auto identity = must(read_identity(both, {}));
  return {.letter = wanted.letter,
          .certificate = identity.certificate,
          .pem_path = path(name + ".pem"),
          .cert_path = path(name + ".cer"),
          .key = std::make_shared<const Key>(must(Key::from_private(identity.key)))};
}

Outcome Folder::run(const std::string& store, const Words& words, Instant now, std::string input) {
  ++commands_;
  AgreeingConsole console(std::move(input));
  const Settings settings{.accord_store = path(store)};
  const int code = accord::run("accord", words, console, settings, FixedClock(now));
  return {.code = code, .out = std::move(console.out), .error = std::move(console.error)};
}

std::string Folder::must_run(const std::string& store, const Words& words, Instant now) {
  auto outcome = run(store, words, now);
  REQUIRE_MESSAGE(outcome.code == 0, fmt::format("{}: {} ended in {}: {}", store, fmt::join(words, " "),
                                                 outcome.code, outcome.error));
  return std::move(outcome.out);
}

Judge judge_of(const std::string& store, Instant now) {
  Reading reading(store, now);
  return must(make_judge(reading.environment, {}, Load::at_once));
}

Assignments rows_of(const std::string& store, Instant now) {
  Reading reading(store, now);
  return must(list_assignments(*must(reading.environment.read()), "OAuthTokenIssuer"));
}

std::vector<Certificate> published_of(const std::string& store, Instant now) {
  Reading reading(store, now);
  return must(published_certificates(*must(reading.environment.read()), now));
}

MintedText read_minted(const std::string& text) {
  const auto part = [&](std::size_t begin, std::size_t end) {
    return must(json::parse(base64url_decode(std::string_view(text).substr(begin, end - begin)).value()));
  };
  const auto first = text.find('.');
  const auto second = text.find('.', first + 1);
  const auto header = part(0, first);
  const auto claims = part(first + 1, second);
  const auto time = [&](std::string_view name) {
    return Instant(std::chrono::seconds(std::stoll(std::string(claims.find_string(name).value()))));
  };
  return {.text = text,
          .x5t = std::string(header.find_string("x5t").value()),
          .not_before = time("nbf"),
          .expires = time("exp")};
}

std::string forge(const OwnCertificate& own, const std::string& issuer, const std::string& audience,
                  Instant not_before, Instant expires) {
  const TokenRequest request{.issuer = parse_issuer_name(issuer).value(),
                             .audience = audience,
                             .not_before = not_before,
                             .expires = expires};
  const auto algorithm = s2s_algorithm(own.certificate.public_key.algorithm).value();
  return must(sign_token(actor_claims(request, false), *own.key, algorithm, own.certificate.x5t()));
}

}  // namespace accord::test
