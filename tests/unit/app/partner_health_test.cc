// The rows of spec/diagnostics.md that concern a partner, an OAuth server and our own side: each fault alone,
// in a deployment that is sound otherwise, is named, and nothing else is.
#include "lib/app/partner_health.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support.h"

namespace accord {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const Instant kNow{seconds(1'795'521'600)};  // 2026-11-24T12:00:00Z
const std::string kTenant = "72416f3c-199e-43f6-9bb5-29f4a10665d5";
const std::string kOtherTenant = "0be1f1ba-21e4-4c34-a193-1b44e66afda7";

Certificate key(const std::string& thumbprint, Instant not_after = kNow + days(400)) {
  Certificate made;
  made.thumbprint = thumbprint;
  made.not_before = kNow - days(100);
  made.not_after = not_after;
  return made;
}

Error error_of(tl::unexpected<Error> failed) {
  return failed.value();
}

std::string http_date(Instant at) {
  const auto time = std::chrono::system_clock::to_time_t(at);
  char text[64] = {};
  static_cast<void>(std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time)));
  return text;
}

// What our side, an Exchange partner read by URL and an authorization server look like where all is well.
struct Sound {
  OurSide ours = {.now = kNow};
  PartyFacts exchange = {};
  PartyFacts cloud = {};    // an Exchange whose tokens come from `sts`
  PartyFacts by_file = {};  // a SharePoint that is trusted by a certificate
  PartyFacts sts = {};

  Sound() {
    auto& configuration = ours.deployment.configuration;
    configuration.service_name = std::string(kLyncPrincipal);
    configuration.hosts = {"lync.contoso.com"};
    configuration.exchange_autodiscover_url = "https://mail.contoso.com/autodiscover/autodiscover.svc";
    ours.deployment.effective_realm = "contoso.com";

    exchange.partner =
        PartnerApplication{.identity = "exchange",
                           .application_identifier = std::string(kExchangePrincipal),
                           .realm = "contoso.com",
                           .trust_level = TrustLevel::full,
                           .metadata_url = "https://mail.contoso.com/autodiscover/metadata/json/1"};
    exchange.partner->relation.keys = {key("AA")};
    exchange.partner->relation.last_refresh = kNow - hours(3);
    exchange.partner->relation.told_issuer = std::string(kLyncPrincipal) + "@contoso.com";
    answer(exchange, *exchange.partner->metadata_url);
    exchange.live->read->document.issuer = {std::string(kExchangePrincipal), "contoso.com"};
    exchange.live->read->document.allowed_audiences = {std::string(kExchangePrincipal) + "@contoso.com"};
    exchange.live->read->keys = {key("AA")};

    cloud.partner = PartnerApplication{.identity = "cloud",
                                       .application_identifier = std::string(kExchangePrincipal),
                                       .realm = kTenant,
                                       .trust_level = TrustLevel::full,
                                       .source = TrustSource::oauth_server};
    by_file.partner = PartnerApplication{.identity = "farm",
                                         .application_identifier = std::string(kSharePointPrincipal),
                                         .realm = "5637f856-255d-4039-b165-224f3371d1d4",
                                         .trust_level = TrustLevel::full,
                                         .source = TrustSource::certificate};
    by_file.partner->relation.keys = {key("BB")};

    sts.server = OAuthServer{.identity = "sts",
                             .issuer_identifier = std::string(kAuthorizationServerPrincipal),
                             .realm = kTenant,
                             .metadata_url = "https://sts.example/" + kTenant + "/metadata/json/1"};
    sts.server->relation.keys = {key("CC")};
    answer(sts, *sts.server->metadata_url);
    sts.live->read->document.issuer = {std::string(kAuthorizationServerPrincipal), kTenant};
    sts.live->read->keys = {key("CC")};
    tell_all();
  }

  static void answer(PartyFacts& party, const std::string& url) {
    party.live.emplace();
    party.live->fetched.addresses = {"203.0.113.7:443"};
    party.live->fetched.tls_version = "TLSv1.3";
    party.live->fetched.response = {
        .status = 200,
        .headers = {{"Content-Type", "application/json"}, {"Date", http_date(kNow)}},
        .url = url};
    party.answered = kNow;
  }

  // The lists of everybody are made of the four.
  void tell_all() {
    ours.partners = {*exchange.partner, *cloud.partner, *by_file.partner};
    ours.servers = {*sts.server};
  }

  static void fail_at(PartyFacts& party, FetchStep step, Error error, TlsFault fault = TlsFault::none) {
    party.live->fetched.failed_at = step;
    party.live->fetched.error = error;
    party.live->fetched.tls_fault = fault;
    party.live->read = tl::unexpected(std::move(error));
  }
  static void answer_status(PartyFacts& party, int status) {
    party.live->fetched.response.status = status;
    party.live->read = tl::unexpected(error_of(fail("Network.Status", "no")));
  }
  static void answer_page(PartyFacts& party) {
    party.live->fetched.response.headers.front().second = "text/html";
    party.live->read = tl::unexpected(error_of(fail("Json.Invalid", "not JSON at byte 1")));
  }
};

// "META-STALE Error exchange; …"
std::string findings(const ConnectionTest& test) {
  std::vector<std::string> all;
  for (const auto& one : test.findings)
    all.push_back(fmt::format("{} {} {}", one.id, enum_name(one.severity), one.target));
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string step(const ConnectionTest& test, std::string_view name) {
  const auto found = std::ranges::find(test.steps, name, &TestStep::name);
  REQUIRE(found != test.steps.end());
  return std::string(enum_name(found->result));
}

std::string failed_steps(const ConnectionTest& test) {
  std::vector<std::string> failed;
  for (const auto& one : test.steps) {
    if (one.result == StepResult::fail) failed.push_back(one.name);
  }
  return fmt::format("{}", fmt::join(failed, ", "));
}

std::string names(const ConnectionTest& test) {
  std::vector<std::string> all;
  for (const auto& one : test.steps) all.push_back(one.name);
  return fmt::format("{}", fmt::join(all, ", "));
}

std::string action(const ConnectionTest& test) {
  REQUIRE(test.findings.size() == 1);
  return test.findings.front().action;
}

std::string detection(const ConnectionTest& test) {
  REQUIRE(test.findings.size() == 1);
  return test.findings.front().detection;
}

const std::string kSteps =
    "URL, Name, Connect, TLS, HTTP status, Document, Clock, Issuer and realm, Keys, Registration, Our side";

// --- Nothing to complain of

TEST_CASE_FIXTURE(Sound, "where all is well nothing is found, and every step that can be taken passes") {
  for (const auto* party : {&exchange, &cloud, &by_file, &sts}) {
    CAPTURE(party->identity());
    const auto test = judge(ours, *party);
    CHECK(findings(test).empty());
    CHECK_FALSE(test.failed());
    CHECK_FALSE(test.warned());
    CHECK(names(test) == kSteps);
    CHECK(test.target == party->identity());
  }
  CHECK(step(judge(ours, exchange), "Keys") == "Pass");
  CHECK(step(judge(ours, by_file), "URL") == "Skip");
  CHECK(step(judge(ours, by_file), "Keys") == "Pass");
  CHECK(step(judge(ours, cloud), "Keys") == "Skip");
  CHECK(exit_code({judge(ours, exchange), judge(ours, sts)}, false) == ExitCode::success);
}

// --- The document

TEST_CASE_FIXTURE(Sound, "META-UNREACHABLE: the step that failed is named, and how old the keys are") {
  struct Case {
    FetchStep step;
    tl::unexpected<Error> error;
    std::string failed;
    std::string says;
  };
  const std::vector<Case> cases = {
      {FetchStep::name, fail("Network.NameNotFound", "no such name"), "Name",
       "its name could not be resolved"},
      {FetchStep::connect, fail("Network.NoConnection", "refused"), "Connect", "no connection was made"},
      {FetchStep::connect, fail("Network.TimedOut", "too late"), "Connect", "no connection was made"},
      {FetchStep::answer, fail("Network.NoAnswer", "closed"), "", "there was no whole answer"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.failed);
    fail_at(exchange, one.step, one.error.value());
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "META-UNREACHABLE Error exchange");
    CHECK(failed_steps(test) == one.failed);
    CHECK(test.failed());
    CHECK(names(test) == kSteps);
    CHECK(detection(test) == fmt::format("{}: {}; its keys were last read at 2026-11-24T09:00:00Z", one.says,
                                         one.error.value().message));
  }
}

TEST_CASE_FIXTURE(Sound, "META-TLS: names the option for an authority where that is the fault") {
  fail_at(exchange, FetchStep::tls, error_of(fail("Network.TlsRefused", "unknown authority")),
          TlsFault::untrusted);
  auto test = judge(ours, exchange);
  CHECK(findings(test) == "META-TLS Error exchange");
  CHECK(failed_steps(test) == "TLS");
  CHECK(action(test) == "if the authority is right: set-partner-application exchange --ca-file FILE");
  for (const auto fault :
       {TlsFault::wrong_name, TlsFault::expired, TlsFault::old_protocol, TlsFault::no_tls}) {
    exchange.live->fetched.tls_fault = fault;
    test = judge(ours, exchange);
    CHECK(findings(test) == "META-TLS Error exchange");
    CHECK(action(test).find("--ca-file") == std::string::npos);
  }
  fail_at(sts, FetchStep::tls, error_of(fail("Network.TlsRefused", "unknown authority")),
          TlsFault::untrusted);
  CHECK(action(judge(ours, sts)) == "if the authority is right: set-oauth-server sts --ca-file FILE");
}

TEST_CASE_FIXTURE(Sound, "META-STATUS: an error of the server is its own certificate first of all") {
  for (const int status : {500, 503, 404, 401, 302}) {
    CAPTURE(status);
    answer_status(exchange, status);
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "META-STATUS Error exchange");
    CHECK(failed_steps(test) == "HTTP status");
    CHECK(names(test) == kSteps);
    CHECK((action(test).find("token certificate") != std::string::npos) == (status >= 500));
  }
  fail_at(exchange, FetchStep::answer, error_of(fail("Network.Redirected", "to another host")));
  CHECK(findings(judge(ours, exchange)) == "META-STATUS Error exchange");
}

TEST_CASE_FIXTURE(Sound, "META-SHAPE: what came is no document, by whatever reason") {
  answer_page(exchange);
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "META-SHAPE Error exchange");
  CHECK(failed_steps(test) == "Document");
  CHECK(detection(test).find("(text/html)") != std::string::npos);
  CHECK(names(test) == kSteps);
  for (auto& error :
       {error_of(fail("Metadata.Invalid", "no key")), error_of(fail("Metadata.KeyMismatch", "x5t")),
        error_of(fail("Certificate.Invalid", "no certificate")),
        error_of(fail("Metadata.HostNotAllowed", "elsewhere"))}) {
    exchange.live->read = tl::unexpected(error);
    CHECK(findings(judge(ours, exchange)) == "META-SHAPE Error exchange");
  }
}

TEST_CASE_FIXTURE(Sound, "the keys of an openid-configuration are reached on their own") {
  sts.server->type = OAuthServerType::oidc;
  sts.server->metadata_url = "https://sts.example/.well-known/openid-configuration";
  for (const auto& [error, id] :
       {std::pair(error_of(fail("Network.TlsRefused", "unknown authority")), "META-TLS Error sts"),
        std::pair(error_of(fail("Network.Status", "status 500")), "META-STATUS Error sts"),
        std::pair(error_of(fail("Network.NoConnection", "refused")), "META-UNREACHABLE Error sts")}) {
    sts.live->read = tl::unexpected(error);
    const auto test = judge(ours, sts);
    CHECK(findings(test) == id);
    CHECK(failed_steps(test) == "Document");
  }
}

TEST_CASE_FIXTURE(Sound, "META-PATH: the right path of the product is proposed where no document came") {
  struct Case {
    std::string principal;
    std::string path;
    std::string corrected;
  };
  const std::vector<Case> cases = {
      {std::string(kExchangePrincipal), "/metadata/json/1", "/autodiscover/metadata/json/1"},
      {std::string(kExchangePrincipal), "/autodiscover/metadata/json/2", "/autodiscover/metadata/json/1"},
      {std::string(kExchangePrincipal), "/autodiscover/autodiscover.xml", "/autodiscover/metadata/json/1"},
      {std::string(kSharePointPrincipal), "/_layouts/15/jsonmetadata.ashx", "/_layouts/15/metadata/json/1"},
      {std::string(kLyncPrincipal), "/autodiscover/metadata/json/1", "/metadata/json/1"},
      {"hr", "/x/metadata/json/2", "/x/metadata/json/1"},
      {"hr", "/service.svc", "/metadata/json/1"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.path);
    exchange.partner->application_identifier = one.principal;
    exchange.partner->metadata_url = "https://mail.contoso.com" + one.path;
    ours.deployment.configuration.exchange_autodiscover_url = "https://mail.contoso.com/autodiscover.svc";
    for (const bool is_page : {false, true}) {
      answer(exchange, *exchange.partner->metadata_url);
      if (is_page) answer_page(exchange);
      if (!is_page) answer_status(exchange, 404);
      const auto test = judge(ours, exchange);
      if (one.principal != kLyncPrincipal) CHECK(findings(test) == "META-PATH Warning exchange");
      const auto found = std::ranges::find(test.findings, "META-PATH", &Finding::id);
      REQUIRE(found != test.findings.end());
      CHECK(found->action ==
            fmt::format("set-partner-application exchange --metadata-url https://mail.contoso.com{}",
                        one.corrected));
      CHECK(test.failed());  // there is no document all the same
    }
  }
}

TEST_CASE_FIXTURE(Sound, "a document at an unusual place is as good as any, and so is a right path") {
  exchange.partner->metadata_url = "https://mail.contoso.com/oauth/document";
  CHECK(findings(judge(ours, exchange)).empty());
  const auto corrected = [&](PartyFacts& party, const std::string& url) {
    (party.partner ? party.partner->metadata_url : party.server->metadata_url) = url;
    return corrected_metadata_url(url, party).value_or("");
  };
  CHECK(corrected(exchange, "https://a.b/AutoDiscover/metadata/json/1").empty());
  CHECK(corrected(by_file, "https://a.b/sites/x/_layouts/15/metadata/json/1").empty());
  sts.server->type = OAuthServerType::acs;
  CHECK(corrected(sts, "https://a.b/t/metadata/json/1").empty());
  CHECK(corrected(sts, "https://a.b/metadata/json/1?realm=t").empty());
  CHECK(corrected(sts, "https://a.b/t/metadata/json/2") == "https://a.b/t/metadata/json/1");
  sts.server->type = OAuthServerType::azure_ad;
  CHECK(corrected(sts, "https://a.b/t/") ==
        "https://a.b/t/federationmetadata/2007-06/federationmetadata.xml");
  sts.server->type = OAuthServerType::adfs;
  CHECK(corrected(sts, "https://a.b/adfs/ls") ==
        "https://a.b/federationmetadata/2007-06/federationmetadata.xml");
  sts.server->type = OAuthServerType::oidc;
  CHECK(corrected(sts, "https://a.b/t/v2.0/") == "https://a.b/t/v2.0/.well-known/openid-configuration");
  CHECK(corrected(sts, "https://a.b/t/v2.0/.well-known/openid-configuration").empty());
}

TEST_CASE_FIXTURE(Sound, "META-HTTP: a document over http is not read at all") {
  exchange.partner->metadata_url = "http://mail.contoso.com/autodiscover/metadata/json/1";
  exchange.live.reset();
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "META-HTTP Error exchange");
  CHECK(failed_steps(test) == "URL");
  CHECK(names(test) == kSteps);
  CHECK(action(test) ==
        "set-partner-application exchange --metadata-url "
        "https://mail.contoso.com/autodiscover/metadata/json/1");
}

// --- Keys

TEST_CASE_FIXTURE(Sound, "META-STALE: stored and live keys are named where they differ") {
  SUBCASE("a new key") {
    exchange.live->read->keys = {key("BB"), key("AA")};
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "META-STALE Error exchange");
    CHECK(failed_steps(test) == "Keys");
    CHECK(detection(test) == "stored: AA; live: AA, BB; last read at 2026-11-24T09:00:00Z");
    CHECK(action(test) == "update-partner-application exchange");
  }
  SUBCASE("none in common: a person has to look") {
    exchange.live->read->keys = {key("BB")};
    CHECK(action(judge(ours, exchange)) ==
          "compare the live keys with the other admin, then update-partner-application exchange "
          "--accept-new-keys");
  }
  SUBCASE("an authorization server's, in another order") {
    sts.live->read->keys = {key("DD"), key("CC")};
    CHECK(findings(judge(ours, sts)) == "META-STALE Error sts");
    sts.server->relation.keys = {key("CC"), key("DD")};
    CHECK(findings(judge(ours, sts)).empty());
  }
}

TEST_CASE_FIXTURE(Sound, "keys that have all ended verify nothing, to the second") {
  by_file.partner->relation.keys = {key("BB", kNow - seconds(1)), key("EE", kNow - days(1))};
  const auto test = judge(ours, by_file);
  CHECK(findings(test) == "CERT-EXPIRY Error farm");
  CHECK(failed_steps(test) == "Keys");
  CHECK(detection(test) == "the last key that is stored for it ended at 2026-11-24T11:59:59Z");
  by_file.partner->relation.keys[0].not_after = kNow;
  CHECK(findings(judge(ours, by_file)).empty());
}

// --- Names

TEST_CASE_FIXTURE(Sound, "REALM-CHANGED: the document has another realm than is registered") {
  exchange.live->read->document.issuer.realm = "fabrikam.com";
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "REALM-CHANGED Error exchange");
  CHECK(failed_steps(test) == "Issuer and realm");
  CHECK(detection(test) == "the document's realm is 'fabrikam.com', registered is 'contoso.com'");
  SUBCASE("a document that leaves the realm open says nothing of it") {
    for (const auto* open : {"*", ""}) {
      exchange.live->read->document.issuer.realm = open;
      CHECK(findings(judge(ours, exchange)).empty());
    }
  }
  SUBCASE("of an authorization server, with its issuer") {
    sts.server->metadata_url = "https://sts.example/x/metadata/json/1";
    sts.live->read->document.issuer.realm = kOtherTenant;
    CHECK(findings(judge(ours, sts)) == "REALM-CHANGED Error sts");
    sts.live->read->document.issuer = {"https://sts.example/other/", kTenant};
    CHECK(findings(judge(ours, sts)) == "REALM-CHANGED Error sts");
  }
}

TEST_CASE_FIXTURE(Sound, "REALM-MISMATCH: the document allows no audience of the realm that we would write") {
  exchange.live->read->document.allowed_audiences = {std::string(kExchangePrincipal) +
                                                     "/mail.fabrikam.com@fabrikam.com"};
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "REALM-MISMATCH Error exchange");
  CHECK(failed_steps(test) == "Issuer and realm");
  for (const auto* realm : {"*", "", "CONTOSO.com"}) {
    exchange.live->read->document.allowed_audiences.back() = std::string(kExchangePrincipal) + "@" + realm;
    CHECK(findings(judge(ours, exchange)).empty());
  }
  exchange.live->read->document.allowed_audiences.clear();
  CHECK(findings(judge(ours, exchange)).empty());
}

TEST_CASE_FIXTURE(Sound, "REALM-TENANT: the tenant of the URL is another one than the realm") {
  SUBCASE("in the path") {
    sts.server->metadata_url = "https://sts.example/" + kOtherTenant + "/metadata/json/1";
    sts.live->read->document.issuer.realm = kOtherTenant;
    CHECK(findings(judge(ours, sts)) == "REALM-TENANT Error sts");
    // Also where it cannot be read, and not where the document has the realm that is registered.
    answer_status(sts, 500);
    const auto unread = judge(ours, sts);
    CHECK(findings(unread) == "META-STATUS Error sts; REALM-TENANT Error sts");
    answer(sts, *sts.server->metadata_url);
    sts.live->read->document.issuer = {std::string(kAuthorizationServerPrincipal), kTenant};
    sts.live->read->keys = {key("CC")};
    CHECK(findings(judge(ours, sts)).empty());
  }
  SUBCASE("in the query") {
    sts.server->metadata_url = "https://sts.example/metadata/json/1?a=b&realm=" + kOtherTenant + "&c=d";
    sts.live->read->document.issuer.realm = kOtherTenant;
    CHECK(findings(judge(ours, sts)) == "REALM-TENANT Error sts");
  }
  SUBCASE("no realm at all") {
    sts.server->realm = "";
    const auto test = judge(ours, sts);
    CHECK(findings(test) == "REALM-TENANT Error sts");
    CHECK(detection(test) == "Realm is '', which names no tenant");
  }
}

TEST_CASE_FIXTURE(Sound, "PARTNER-ID: the identifier is not the one of the product or of the document") {
  SUBCASE("of the document") {
    exchange.live->read->document.issuer.principal = "microsoft.exchange";
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "PARTNER-ID Error exchange");
    CHECK(failed_steps(test) == "Issuer and realm");
  }
  SUBCASE("whatever the document itself says is right") {
    exchange.partner->application_identifier = "microsoft.exchange";
    exchange.live->read->document.issuer.principal = "microsoft.exchange";
    CHECK(findings(judge(ours, exchange)).empty());
  }
  SUBCASE("by the path, where the document cannot be read") {
    exchange.partner->application_identifier = std::string(kSharePointPrincipal);
    answer_status(exchange, 500);
    CHECK(findings(judge(ours, exchange)) == "META-STATUS Error exchange; PARTNER-ID Error exchange");
  }
  SUBCASE("in another case, or a misspelt name") {
    for (const auto* wrong :
         {"00000003-0000-0FF1-CE00-000000000000", "00000003-0000-0ff1-ce00-00000000000", "sharepiont"}) {
      CAPTURE(wrong);
      by_file.partner->application_identifier = wrong;
      const auto test = judge(ours, by_file);
      CHECK(findings(test) == "PARTNER-ID Error farm");
      CHECK(failed_steps(test) == "Registration");
      CHECK(detection(test).find(kSharePointPrincipal) != std::string::npos);
    }
    by_file.partner->application_identifier = "7557eb47-c689-4224-abcf-aef9bd7573df";
    CHECK(findings(judge(ours, by_file)).empty());
  }
}

// --- What is registered

TEST_CASE_FIXTURE(Sound, "PARTNER-DISABLED: a disabled partner, and a disabled authorization server") {
  exchange.partner->enabled = false;
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "PARTNER-DISABLED Error exchange");
  CHECK(failed_steps(test) == "Registration");
  CHECK(action(test) == "set-partner-application exchange --enabled true");
  sts.server->enabled = false;
  CHECK(action(judge(ours, sts)) == "set-oauth-server sts --enabled true");
}

TEST_CASE_FIXTURE(Sound, "PARTNER-TRUST: who may not speak for users") {
  for (const auto level : {TrustLevel::application, TrustLevel::user}) {
    exchange.partner->trust_level = level;
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "PARTNER-TRUST Warning exchange");
    CHECK_FALSE(test.failed());
    CHECK(exit_code({test}, false) == ExitCode::warning);
    CHECK(exit_code({test}, true) == ExitCode::success);
  }
}

TEST_CASE_FIXTURE(Sound, "PARTNER-DUPLICATE: two partners of one application with tokens of a server") {
  auto second = *cloud.partner;
  second.identity = "cloud2";
  const auto found = [&] {
    ours.partners.back() = second;
    return findings(judge(ours, cloud));
  };
  CHECK(found() == "PARTNER-DUPLICATE Warning cloud");
  second.realm = std::nullopt;  // any realm
  CHECK(found() == "PARTNER-DUPLICATE Warning cloud");
  second.realm = kOtherTenant;
  CHECK(found().empty());
  second.realm = kTenant;
  second.enabled = false;
  CHECK(found().empty());
  second.enabled = true;
  second.source = TrustSource::certificate;
  CHECK(found().empty());
}

TEST_CASE_FIXTURE(Sound, "OAUTHSERVER-MISSING: nobody can sign the tokens of the partner") {
  SUBCASE("none of the realm") {
    ours.servers.front().realm = kOtherTenant;
    const auto test = judge(ours, cloud);
    CHECK(findings(test) == "OAUTHSERVER-MISSING Error cloud");
    CHECK(failed_steps(test) == "Registration");
    cloud.partner->realm = std::nullopt;
    CHECK(findings(judge(ours, cloud)).empty());
    ours.servers.clear();
    CHECK(findings(judge(ours, cloud)) == "OAUTHSERVER-MISSING Error cloud");
  }
  SUBCASE("one that is disabled") {
    ours.servers.front().enabled = false;
    CHECK(action(judge(ours, cloud)) == "set-oauth-server sts --enabled true");
  }
}

TEST_CASE_FIXTURE(Sound, "OUR-NAME-CHANGED: the partner knows us under another name") {
  exchange.partner->relation.told_issuer = std::string(kLyncPrincipal) + "@old.example";
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "OUR-NAME-CHANGED Error exchange");
  CHECK(failed_steps(test) == "Registration");
  CHECK(detection(test) ==
        fmt::format("it knows us as '{0}@old.example', and we are '{0}@contoso.com' now", kLyncPrincipal));
  sts.server->relation.told_issuer = "another@contoso.com";
  CHECK(findings(judge(ours, sts)) == "OUR-NAME-CHANGED Error sts");
}

// --- Clocks

TEST_CASE_FIXTURE(Sound, "CLOCK-SKEW: from 31 s on a warning, from 300 s an error, in both directions") {
  struct Case {
    int seconds;
    std::string expected;
  };
  for (const auto& one : std::vector<Case>{{0, ""},
                                           {30, ""},
                                           {31, "CLOCK-SKEW Warning exchange"},
                                           {299, "CLOCK-SKEW Warning exchange"},
                                           {300, "CLOCK-SKEW Error exchange"},
                                           {86400, "CLOCK-SKEW Error exchange"}}) {
    for (const int sign : {-1, 1}) {
      CAPTURE(one.seconds * sign);
      exchange.answered = kNow + seconds(one.seconds * sign);
      const auto test = judge(ours, exchange);
      CHECK(findings(test) == one.expected);
      CHECK(failed_steps(test) == (one.seconds >= 300 ? "Clock" : ""));
    }
  }
  exchange.live->fetched.response.headers.pop_back();
  CHECK(step(judge(ours, exchange), "Clock") == "Skip");
}

// --- Our own side

TEST_CASE_FIXTURE(Sound, "AUTODISCOVER: empty, the page instead of the service, or no such name") {
  auto& url = ours.deployment.configuration.exchange_autodiscover_url;
  SUBCASE("empty, where Lync looks users up in Exchange") {
    url.reset();
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "AUTODISCOVER Warning Global");
    CHECK(action(test) ==
          "set-oauth-configuration --exchange-autodiscover-url "
          "https://mail.contoso.com/autodiscover/autodiscover.svc");
    CHECK(findings(judge(ours, by_file)).empty());
    CHECK(findings(judge(ours, sts)).empty());
    ours.deployment.configuration.service_name = std::string(kSharePointPrincipal);
    exchange.partner->relation.told_issuer.reset();
    CHECK(findings(judge(ours, exchange)).empty());
  }
  SUBCASE("the page") {
    url = "https://mail.contoso.com/autodiscover/autodiscover.xml";
    const auto test = judge(ours, exchange);
    CHECK(findings(test) == "AUTODISCOVER Warning Global");
    CHECK(action(test) ==
          "set-oauth-configuration --exchange-autodiscover-url "
          "https://mail.contoso.com/autodiscover/autodiscover.svc");
  }
  SUBCASE("no such name") {
    ours.autodiscover.emplace();
    CHECK(findings(judge(ours, exchange)).empty());
    ours.autodiscover->failed_at = FetchStep::name;
    CHECK(findings(judge(ours, exchange)) == "AUTODISCOVER Warning Global");
  }
}

TEST_CASE_FIXTURE(Sound, "SERVICE-NAME: a name of ours that is no product's") {
  exchange.partner->relation.told_issuer.reset();
  for (const auto& wrong : {std::optional<std::string>("lync"), std::optional<std::string>(),
                            std::optional<std::string>("00000004-0000-0FF1-CE00-000000000000")}) {
    ours.deployment.configuration.service_name = wrong;
    CHECK(findings(judge(ours, exchange)) == "SERVICE-NAME Warning Global");
  }
}

TEST_CASE_FIXTURE(Sound,
                  "AUDIENCE-OPEN: without Hosts any host below a SIP domain is ours; no more than a word") {
  ours.deployment.configuration.hosts.clear();
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "AUDIENCE-OPEN Information Global");
  CHECK(exit_code({test}, false) == ExitCode::success);
}

TEST_CASE_FIXTURE(
    Sound, "CERT-*: our certificate's findings stand with each partner, those of another partner do not") {
  ours.certificates = {{"CERT-EXPIRY", Severity::error, "OLD", "it ends", "roll"},
                       {"CERT-NOTIFY", Severity::warning, "farm", "it may not know", "tell it"},
                       {"CERT-EXPIRY", Severity::information, "FORMER", "it ended", "remove it"}};
  const auto test = judge(ours, exchange);
  CHECK(findings(test) == "CERT-EXPIRY Error OLD");
  CHECK(failed_steps(test) == "Our side");
  CHECK(findings(judge(ours, by_file)) == "CERT-EXPIRY Error OLD; CERT-NOTIFY Warning farm");
}

// --- Several

TEST_CASE_FIXTURE(Sound,
                  "of several findings the worst comes first, and of several tests the worst decides") {
  exchange.partner->trust_level = TrustLevel::user;
  exchange.partner->enabled = false;
  ours.deployment.configuration.hosts.clear();
  const auto test = judge(ours, exchange);
  CHECK(findings(test) ==
        "PARTNER-DISABLED Error exchange; PARTNER-TRUST Warning exchange; AUDIENCE-OPEN Information Global");
  CHECK(exit_code({judge(ours, sts), test}, true) == ExitCode::negative);
}

TEST_CASE_FIXTURE(Sound, "what a partner is called reaches a shell as one word") {
  exchange.partner->identity = "it's a $(name)";
  exchange.partner->enabled = false;
  CHECK(judge(ours, exchange).findings.front().action ==
        "set-partner-application 'it'\\''s a $(name)' --enabled true");
}

}  // namespace
}  // namespace accord
