// What the facts mean: the steps and the findings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/app/partner_health.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::string_view kExchangePath = "/autodiscover/metadata/json/1";
constexpr std::string_view kSharePointPath = "/_layouts/15/metadata/json/1";
constexpr std::string_view kLyncPath = "/metadata/json/1";
constexpr std::string_view kFederationPath = "/federationmetadata/2007-06/federationmetadata.xml";
constexpr std::string_view kOpenIdPath = "/.well-known/openid-configuration";

constexpr std::array<std::string_view, 4> kWellKnown = {kAuthorizationServerPrincipal, kExchangePrincipal,
                                                        kSharePointPrincipal, kLyncPrincipal};

bool is_one_of(std::string_view text, const auto& all) {
  return std::ranges::find(all, text) != std::ranges::end(all);
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

// --- URLs

// "https://host/a/b?c" -> "https://host" and "/a/b".
struct SplitUrl {
  std::string_view origin = {};
  std::string_view path = {};
  std::string_view query = {};
};

SplitUrl split_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto slash = std::min(url.find_first_of("/?", host), url.size());
  const auto question = std::min(url.find('?', slash), url.size());
  return {url.substr(0, slash), url.substr(slash, question - slash),
          url.substr(std::min(question + 1, url.size()))};
}

std::string_view first_segment(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path.substr(0, path.find('/'));
}

bool is_guid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto fits = [](char form, char c) {
    return form == 'x' ? std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos
                       : c == '-';
  };
  return text.size() == kForm.size() && std::equal(kForm.begin(), kForm.end(), text.begin(), fits);
}

// The tenant that a URL of an authorization server names; empty where it names none.
std::string tenant_of(std::string_view url) {
  const auto parts = split_url(url);
  constexpr std::string_view kRealm = "realm=";
  if (const auto at = parts.query.find(kRealm); at != std::string_view::npos) {
    const auto value = parts.query.substr(at + kRealm.size());
    return std::string(value.substr(0, value.find('&')));
  }
  const auto segment = first_segment(parts.path);
  return is_guid(segment) ? std::string(segment) : std::string();
}

// Where documents of the product are; `anywhere`: what stands before it does not matter, as a site of
// SharePoint or a tenant.
struct Place {
  std::string path = {};
  bool anywhere = false;
};

Place place_of_partner(std::string_view principal) {
  if (principal == kExchangePrincipal) return {std::string(kExchangePath)};
  if (principal == kSharePointPrincipal) return {std::string(kSharePointPath), true};
  if (principal == kLyncPrincipal) return {std::string(kLyncPath)};
  return {};
}

Place place_of_server(OAuthServerType type) {
  switch (type) {
    case OAuthServerType::acs:
      return {std::string(kLyncPath), true};
    case OAuthServerType::adfs:
    case OAuthServerType::azure_ad:
      return {std::string(kFederationPath), true};
    case OAuthServerType::oidc:
      return {std::string(kOpenIdPath), true};
  }
  return {};
}

// What stands before the document's path at an authorization server: its tenant, or its base.
std::string base_of(OAuthServerType type, std::string_view path) {
  if (type == OAuthServerType::adfs) return {};
  if (type != OAuthServerType::oidc) path = path.substr(0, first_segment(path).size() + 1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

// Paths that several products have wrong in the same way.
std::string commonly_meant(std::string_view path) {
  constexpr std::array<std::string_view, 3> kPages = {".svc", ".xml", "jsonmetadata.ashx"};
  for (const auto page : kPages) {
    if (ends_with_ignoring_case(path, page)) return std::string(kLyncPath);
  }
  const auto at = to_lower(path).find("/metadata/json/");
  if (at == std::string::npos || ends_with_ignoring_case(path, "/json/1")) return {};
  return std::string(path.substr(0, at)) + std::string(kLyncPath);
}

// --- Names

// The product whose documents lie at the URL; empty where several have this path.
std::string_view product_at(std::string_view url) {
  const auto path = split_url(url).path;
  if (ends_with_ignoring_case(path, kExchangePath)) return kExchangePrincipal;
  if (ends_with_ignoring_case(path, kSharePointPath)) return kSharePointPrincipal;
  return {};
}

// The well-known identifier that a wrong one was meant to be: another case, a digit too few, a misspelt short
// name. They differ from each other by one digit only.
std::string_view meant_by(std::string_view principal) {
  constexpr std::size_t kSlip = 2;
  if (is_one_of(principal, kWellKnown)) return {};
  const auto distance = [&](std::string_view one) { return edit_distance(to_lower(principal), one); };
  const auto* closest = std::ranges::min_element(kWellKnown, {}, distance);
  if (distance(*closest) <= kSlip) return *closest;
  const auto name = short_name_near(principal);
  const auto* named = std::ranges::find(kWellKnown, expand_principal(name));
  return name.empty() || named == kWellKnown.end() ? std::string_view() : *named;
}

bool is_open(std::string_view realm) {
  return realm.empty() || realm == "*";
}

// The realm of "principal/host@realm" or "principal@realm".
std::string_view realm_of_audience(std::string_view audience) {
  const auto at = audience.rfind('@');
  return at == std::string_view::npos ? std::string_view() : audience.substr(at + 1);
}

std::vector<std::string> thumbprints(const std::vector<Certificate>& keys) {
  std::vector<std::string> all;
  for (const auto& one : keys) all.push_back(one.thumbprint);
  std::ranges::sort(all);
  return all;
}

std::string list_text(const std::vector<std::string>& all) {
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

class PartyJudge {
 public:
  PartyJudge(const OurSide& ours, const PartyFacts& party) : ours_(ours), party_(party) {
    test_.target = party.identity();
  }

  ConnectionTest judge() {
    if (judge_reading()) {
      judge_names();
      judge_keys();
    }
    judge_registration();
    judge_ours();
    test_.sort();
    return std::move(test_);
  }

 private:
  void find(std::string_view id, Severity severity, std::string detection, std::string action) {
    test_.find({std::string(id), severity, party_.identity(), std::move(detection), std::move(action)});
  }
  void find_error(std::string_view id, std::string detection, std::string action) {
    find(id, Severity::error, std::move(detection), std::move(action));
  }
  [[nodiscard]] std::size_t mark() const { return test_.findings.size(); }
  [[nodiscard]] bool has_found(std::string_view id) const {
    return std::ranges::find(test_.findings, id, &Finding::id) != test_.findings.end();
  }
  [[nodiscard]] const MetadataDocument& document() const { return party_.live->read->document; }

  // --- The document

  void skip_from_status(const std::string& why) {
    for (const auto* name : {"HTTP status", "Document", "Clock", "Issuer and realm"}) test_.skip(name, why);
    judge_stored_keys(why);
  }

  // Whether there is a document.
  bool judge_reading() {
    if (!party_.live) return judge_unread();
    const auto& fetched = party_.live->fetched;
    const auto& url = *party_.metadata_url();
    if (!add_call_steps(test_, fetched, url, party_.identity(), party_.set_command() + " --ca-file FILE")) {
      add_age();
      skip_from_status("the server did not answer");
      return false;
    }
    const bool has_status = judge_status(fetched.response, url);
    if (has_status) {
      judge_document(fetched.response, url);
    } else {
      test_.skip("Document", "there is none");
    }
    add_clock_step(test_, fetched.response, party_.answered);
    if (party_.live->read) return true;
    test_.skip("Issuer and realm", "there is no document");
    judge_stored_keys("there is no document");
    return false;
  }

  bool judge_unread() {
    const auto& url = party_.metadata_url();
    if (!url) {
      const std::string why = party_.uses_oauth_server()
                                  ? "its tokens come from the authorization server; it has no document here"
                              : party_.server
                                  ? "it has no MetadataUrl: its document was read from a file"
                                  : "it has no MetadataUrl: it is trusted by certificates that are stored";
      skip_call_steps(test_, why);
      skip_from_status(why);
      return false;
    }
    find_error("META-HTTP", fmt::format("the metadata URL '{}' is not https", *url),
               fmt::format("{} --metadata-url https://{}", party_.set_command(),
                           url->substr(std::min(url->find("://") + 3, url->size()))));
    test_.conclude("URL", 0, {});
    for (const auto* name : {"Name", "Connect", "TLS"}) test_.skip(name, "nothing is read over http");
    skip_from_status("nothing is read over http");
    return false;
  }

  // How old the keys are that are used as long as no newer ones can be read.
  void add_age() {
    if (test_.findings.empty()) return;
    auto& detection = test_.findings.back().detection;
    const auto& read = party_.relation().last_refresh;
    detection += read ? fmt::format("; its keys were last read at {}", format_instant(*read))
                      : std::string("; its keys were never read again");
  }

  bool judge_status(const HttpResponse& response, const std::string& url) {
    const auto before = mark();
    if (response.status >= 500) {
      find_error("META-STATUS", fmt::format("'{}' answered with HTTP status {}", url, response.status),
                 "ask the other admin whether the token certificate of that server is missing or has ended; "
                 "then for its log");
    } else if (response.status != 200 && !find_path(url, fmt::format("HTTP status {}", response.status))) {
      find_error("META-STATUS", fmt::format("'{}' answered with HTTP status {}", url, response.status),
                 "check the URL with the other admin: the server is there, the document is not");
    }
    if (response.status == 200) {
      test_.conclude("HTTP status", before, "200");
      return true;
    }
    add_age();
    test_.fail("HTTP status", std::to_string(response.status));
    return false;
  }

  // The path is known to be another one: what came instead is no surprise.
  bool find_path(const std::string& url, const std::string& seen) {
    const auto corrected = corrected_metadata_url(url, party_);
    if (!corrected) return false;
    find("META-PATH", Severity::warning,
         fmt::format("'{}' is not where this product has its document ({})", url, seen),
         fmt::format("{} --metadata-url {}", party_.set_command(), shell_quoted(*corrected)));
    return true;
  }

  void judge_document(const HttpResponse& response, const std::string& url) {
    const auto before = mark();
    const auto& read = party_.live->read;
    const auto type = response.header("Content-Type").value_or("no content type");
    if (read) {
      test_.pass("Document", fmt::format("{}, {} signing key{}", enum_name(document().kind),
                                         read->keys.size(), read->keys.size() == 1 ? "" : "s"));
      return;
    }
    find_unreadable(read.error(), url, type);
    add_age();
    test_.conclude("Document", before, {});
    test_.steps.back().result = StepResult::fail;
  }

  void find_unreadable(const Error& error, const std::string& url, const std::string& type) {
    const auto id = error.id.text();
    // The keys of an openid-configuration are at another address.
    if (id == "Network.TlsRefused")
      return find_error("META-TLS", error.message, party_.set_command() + " --ca-file FILE");
    if (id == "Network.Status") return find_error("META-STATUS", error.message, error.advice);
    if (id.starts_with("Network.")) return find_error("META-UNREACHABLE", error.message, error.advice);
    if (find_path(url, type)) return;
    const auto advice = error.advice.empty()
                            ? "look at what is there: get-auth-metadata --raw " + shell_quoted(url)
                            : error.advice;
    find_error("META-SHAPE",
               fmt::format("what is at '{}' ({}) is not its document: {}", url, type, error.message), advice);
  }

  // --- Names

  [[nodiscard]] std::string register_again() const {
    return fmt::format("if the change is theirs: remove it and register it again from {}",
                       party_.metadata_url().value_or("its document"));
  }

  void judge_names() {
    const auto before = mark();
    const auto& issuer = document().issuer;
    const auto realm = party_.realm().value_or("");
    if (issuer.principal != party_.principal()) {
      find_error(
          party_.server ? "REALM-CHANGED" : "PARTNER-ID",
          fmt::format("the document is of '{}', registered is '{}'", issuer.principal, party_.principal()),
          register_again());
    } else if (!is_open(issuer.realm) && issuer.realm != realm) {
      find_changed_realm(issuer.realm, realm);
    } else {
      find_foreign_audience();
    }
    test_.conclude("Issuer and realm", before,
                   fmt::format("'{}', as it is registered", IssuerName{party_.principal(), realm}.text()));
  }

  void find_changed_realm(const std::string& live, const std::string& stored) {
    if (find_tenant()) return;
    find_error("REALM-CHANGED", fmt::format("the document's realm is '{}', registered is '{}'", live, stored),
               register_again());
  }

  // The audience that we would write is none that the document allows.
  void find_foreign_audience() {
    const auto& allowed = document().allowed_audiences;
    const auto realm = party_.realm() ? party_.realm() : ours_.deployment.effective_realm;
    if (party_.server || allowed.empty() || !realm) return;
    const auto takes = [&](const std::string& one) {
      const auto theirs = realm_of_audience(one);
      return is_open(theirs) || equals_ignoring_case(theirs, *realm);
    };
    if (std::ranges::any_of(allowed, takes)) return;
    find_error("REALM-MISMATCH",
               fmt::format("tokens for it would carry the realm '{}', and its document allows {} only",
                           *realm, list_text(allowed)),
               "ask the other admin which realm the server accepts, and register it again with that one");
  }

  // --- Keys

  void judge_keys() {
    const auto before = mark();
    const auto stored = thumbprints(party_.relation().keys);
    const auto live = thumbprints(party_.live->read->keys);
    if (stored == live) return judge_validity("stored and live keys are the same: " + list_text(stored));
    const auto& read = party_.relation().last_refresh;
    const bool has_common =
        std::ranges::any_of(live, [&](const auto& one) { return is_one_of(one, stored); });
    find_error("META-STALE",
               fmt::format("stored: {}; live: {}; last read {}", list_text(stored), list_text(live),
                           read ? "at " + format_instant(*read) : std::string("when it was registered")),
               has_common
                   ? party_.update_command()
                   : fmt::format("compare the live keys with the other admin, then {} --accept-new-keys",
                                 party_.update_command()));
    test_.conclude("Keys", before, {});
  }

  // Without a document: whether the stored ones can still verify.
  void judge_stored_keys(const std::string& why) {
    if (party_.uses_oauth_server()) return test_.skip("Keys", why);
    judge_validity(fmt::format("stored: {}", list_text(thumbprints(party_.relation().keys))));
  }

  void judge_validity(std::string detail) {
    const auto before = mark();
    const auto& keys = party_.relation().keys;
    const auto ends = [](const Certificate& one) { return one.not_after; };
    const auto is_over = [&](const Certificate& one) { return one.not_after < ours_.now; };
    if (!keys.empty() && std::ranges::all_of(keys, is_over)) {
      const auto last = std::ranges::max(keys, {}, ends).not_after;
      find_error("CERT-EXPIRY",
                 fmt::format("the last key that is stored for it ended at {}", format_instant(last)),
                 party_.metadata_url() ? party_.update_command()
                                       : party_.set_command() +
                                             " --certificate-file-data FILE, with a new one "
                                             "from the other admin");
    }
    test_.conclude("Keys", before, std::move(detail));
  }

  // --- What is registered

  void judge_registration() {
    const auto before = mark();
    if (!party_.enabled()) {
      find_error("PARTNER-DISABLED", "Enabled is false: its tokens are refused",
                 party_.set_command() + " --enabled true");
    }
    if (!has_found("REALM-TENANT")) find_tenant();
    if (party_.partner) judge_partner(*party_.partner);
    find_old_name();
    test_.conclude("Registration", before,
                   party_.server ? fmt::format("{}, enabled", enum_name(party_.server->type))
                                 : fmt::format("ApplicationTrustLevel {}, enabled",
                                               enum_name(party_.partner->trust_level)));
  }

  void judge_partner(const PartnerApplication& partner) {
    if (!has_found("PARTNER-ID")) find_identifier(partner);
    if (partner.source == TrustSource::oauth_server) {
      find_duplicates(partner);
      find_missing_server(partner);
    }
    if (partner.trust_level != TrustLevel::full) {
      find("PARTNER-TRUST", Severity::warning,
           fmt::format("ApplicationTrustLevel is {}: it cannot speak for users by itself",
                       enum_name(partner.trust_level)),
           fmt::format("if it is to impersonate users: {} --application-trust-level full",
                       party_.set_command()));
    }
  }

  void find_identifier(const PartnerApplication& partner) {
    const auto& own = partner.application_identifier;
    // The document itself said the same: whose it is counts more than where it lies.
    if (party_.live && party_.live->read) return;
    auto meant = meant_by(own);
    const auto product = partner.metadata_url ? product_at(*partner.metadata_url) : std::string_view();
    if (!product.empty() && product != own) meant = product;
    if (meant.empty()) return;
    find_error("PARTNER-ID",
               fmt::format("ApplicationIdentifier is '{}'; that of the product is '{}'", own, meant),
               fmt::format("remove-partner-application {}, and register it again as {}",
                           shell_quoted(partner.identity), meant));
  }

  void find_duplicates(const PartnerApplication& partner) {
    if (!partner.enabled) return;
    std::vector<std::string> others;
    for (const auto& one : ours_.partners) {
      const bool is_same_application = one.application_identifier == partner.application_identifier &&
                                       (!one.realm || !partner.realm || one.realm == partner.realm);
      if (one.identity != partner.identity && one.enabled && one.source == TrustSource::oauth_server &&
          is_same_application)
        others.push_back(one.identity);
    }
    if (others.empty()) return;
    find("PARTNER-DUPLICATE", Severity::warning,
         fmt::format("{} has the same ApplicationIdentifier and realm, and takes its tokens from the "
                     "authorization server as well",
                     list_text(others)),
         fmt::format("remove-partner-application {}, unless it is the one to keep",
                     shell_quoted(others.front())));
  }

  void find_missing_server(const PartnerApplication& partner) {
    const auto serves = [&](const OAuthServer& one) { return !partner.realm || one.realm == *partner.realm; };
    if (std::ranges::any_of(ours_.servers, [&](const auto& one) { return one.enabled && serves(one); }))
      return;
    const auto disabled = std::ranges::find_if(ours_.servers, serves);
    if (disabled != ours_.servers.end()) {
      return find_error(
          "OAUTHSERVER-MISSING",
          fmt::format("UseOAuthServer is set, and the OAuth server '{}' is disabled", disabled->identity),
          fmt::format("set-oauth-server {} --enabled true", shell_quoted(disabled->identity)));
    }
    find_error("OAUTHSERVER-MISSING",
               partner.realm
                   ? fmt::format("UseOAuthServer is set, and no OAuth server of the realm '{}' is registered",
                                 *partner.realm)
                   : std::string("UseOAuthServer is set, and no OAuth server is registered"),
               "new-oauth-server NAME --metadata-url URL, with the document of the authorization server");
  }

  // The tenant of the URL against the realm, unless the document itself has the realm.
  bool find_tenant() {
    const auto& url = party_.metadata_url();
    const auto realm = party_.realm();
    if (!url || party_.uses_oauth_server()) return false;
    const auto tenant = tenant_of(*url);
    const bool is_missing = party_.server && is_open(realm.value_or(""));
    if (!is_missing && (tenant.empty() || !realm || equals_ignoring_case(tenant, *realm))) return false;
    const bool is_confirmed =
        party_.live && party_.live->read && document().issuer.realm == realm.value_or("");
    if (is_confirmed && !is_missing) return false;
    find_error("REALM-TENANT",
               is_missing
                   ? fmt::format("Realm is '{}', which names no tenant", realm.value_or(""))
                   : fmt::format("MetadataUrl is that of the tenant '{}', Realm is '{}'", tenant, *realm),
               "remove it and register it again with the URL of the right tenant, which gives the realm");
    return true;
  }

  void find_old_name() {
    const auto& told = party_.relation().told_issuer;
    const auto own = ours_.deployment.issuer();
    if (!told || !own || *told == own->text() || party_.uses_oauth_server()) return;
    find_error(
        "OUR-NAME-CHANGED", fmt::format("it knows us as '{}', and we are '{}' now", *told, own->text()),
        "send it our document: export-auth-metadata --output-file our-metadata.json; or go back to the old "
        "name with set-oauth-configuration");
  }

  // --- Our own side

  void judge_ours() {
    const auto before = mark();
    const auto* exchange =
        party_.partner && party_.principal() == kExchangePrincipal ? &*party_.partner : nullptr;
    for (auto& one : judge_our_side(ours_, party_.identity(), exchange)) test_.find(std::move(one));
    const auto own = ours_.deployment.issuer();
    test_.conclude("Our side", before, own ? fmt::format("we are '{}'", own->text()) : "we have no name yet");
  }

  const OurSide& ours_;
  const PartyFacts& party_;
  ConnectionTest test_;
};

// --- Rows of our own side

void find_service_name(const OAuthConfiguration& configuration, std::vector<Finding>& findings) {
  const auto& name = configuration.service_name;
  if (name && is_one_of(*name, kWellKnown)) return;
  findings.push_back({"SERVICE-NAME", Severity::warning, "Global",
                      name ? fmt::format("ServiceName is '{}', which is no product's", *name)
                           : std::string("ServiceName is not set"),
                      "set-oauth-configuration --service-name exchange|sharepoint|lync|sts, unless partners "
                      "know the name that "
                      "is set"});
}

void find_open_audience(const OAuthConfiguration& configuration, std::vector<Finding>& findings) {
  if (!configuration.hosts.empty()) return;
  findings.push_back({"AUDIENCE-OPEN", Severity::information, "Global",
                      "Hosts is empty: tokens for any host of a SIP domain, or below one, are accepted",
                      "set-oauth-configuration --hosts NAME,…, with the names of our servers"});
}

Finding autodiscover_finding(std::string detection, std::string action) {
  return {"AUTODISCOVER", Severity::warning, "Global", std::move(detection), std::move(action)};
}

std::string autodiscover_command(std::string_view url) {
  return fmt::format("set-oauth-configuration --exchange-autodiscover-url {}", shell_quoted(url));
}

void find_autodiscover(const OurSide& ours, const PartnerApplication& exchange,
                       std::vector<Finding>& findings) {
  constexpr std::string_view kPage = ".xml";
  const auto& url = ours.deployment.configuration.exchange_autodiscover_url;
  if (!url) {
    // Only Lync looks users up there.
    if (ours.deployment.configuration.service_name != kLyncPrincipal) return;
    const auto host = exchange.metadata_url ? host_of_url(*exchange.metadata_url) : std::nullopt;
    findings.push_back(
        autodiscover_finding("ExchangeAutodiscoverUrl is empty: users are not found in Exchange",
                             autodiscover_command(fmt::format("https://{}/autodiscover/autodiscover.svc",
                                                              host.value_or("autodiscover.DOMAIN")))));
    return;
  }
  if (ends_with_ignoring_case(split_url(*url).path, kPage)) {
    findings.push_back(autodiscover_finding(
        fmt::format("ExchangeAutodiscoverUrl '{}' is the .xml page, not the .svc service", *url),
        autodiscover_command(url->substr(0, url->size() - kPage.size()) + ".svc")));
  } else if (ours.autodiscover && ours.autodiscover->failed_at == FetchStep::name) {
    findings.push_back(
        autodiscover_finding(fmt::format("the host of ExchangeAutodiscoverUrl '{}' cannot be resolved", *url),
                             "add the name to DNS, or set the right one: " +
                                 autodiscover_command("https://HOST/autodiscover/autodiscover.svc")));
  }
}

}  // namespace

// --- PartyFacts

const std::string& PartyFacts::identity() const {
  return partner ? partner->identity : server->identity;
}

const KeyRelation& PartyFacts::relation() const {
  return partner ? partner->relation : server->relation;
}

const std::optional<std::string>& PartyFacts::metadata_url() const {
  return partner ? partner->metadata_url : server->metadata_url;
}

bool PartyFacts::enabled() const {
  return partner ? partner->enabled : server->enabled;
}

const std::string& PartyFacts::principal() const {
  return partner ? partner->application_identifier : server->issuer_identifier;
}

std::optional<std::string> PartyFacts::realm() const {
  return partner ? partner->realm : std::optional(server->realm);
}

bool PartyFacts::uses_oauth_server() const {
  return partner && partner->source == TrustSource::oauth_server;
}

std::string PartyFacts::set_command() const {
  return fmt::format("{} {}", partner ? "set-partner-application" : "set-oauth-server",
                     shell_quoted(identity()));
}

std::string PartyFacts::update_command() const {
  return fmt::format("{} {}", partner ? "update-partner-application" : "update-oauth-server",
                     shell_quoted(identity()));
}

// --- Judging

ConnectionTest judge(const OurSide& ours, const PartyFacts& party) {
  return PartyJudge(ours, party).judge();
}

std::vector<Finding> judge_our_side(const OurSide& ours, const std::string& identity,
                                    const PartnerApplication* exchange) {
  std::vector<Finding> findings;
  find_service_name(ours.deployment.configuration, findings);
  find_open_audience(ours.deployment.configuration, findings);
  if (exchange != nullptr) find_autodiscover(ours, *exchange, findings);
  for (const auto& one : ours.certificates) {
    const bool concerns = one.id != "CERT-NOTIFY" || identity.empty() || one.target == identity;
    if (concerns && one.severity != Severity::information) findings.push_back(one);
  }
  return findings;
}

std::optional<std::string> corrected_metadata_url(const std::string& url, const PartyFacts& party) {
  const auto parts = split_url(url);
  const auto place = party.server ? place_of_server(party.server->type) : place_of_partner(party.principal());
  if (place.path.empty()) {
    const auto meant = commonly_meant(parts.path);
    return meant.empty() ? std::nullopt : std::optional(std::string(parts.origin) + meant);
  }
  const bool is_right = place.anywhere ? ends_with_ignoring_case(parts.path, place.path)
                                       : equals_ignoring_case(parts.path, place.path);
  if (is_right) return std::nullopt;
  const auto base = party.server ? base_of(party.server->type, parts.path) : std::string();
  return std::string(parts.origin) + base + place.path;
}

}  // namespace accord
