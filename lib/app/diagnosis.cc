#include "lib/app/diagnosis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/parse.h"

namespace accord {
namespace {

constexpr std::array<std::string_view, 9> kProperties = {"Kind",  "Code", "Category", "Reason",  "Meaning",
                                                         "Cause", "Rows", "Next",     "Evidence"};

constexpr std::string_view kTestPartners = "test-partner-application --all";
constexpr std::string_view kTestCertificates = "test-certificate-configuration";
constexpr std::string_view kShowConfiguration =
    "get-oauth-configuration --property ServiceName,Realm,EffectiveRealm";
constexpr std::string_view kTestServers = "test-oauth-server --all";
constexpr std::string_view kTestLive = "test-oauth-connectivity --service ews --target-uri URL";
constexpr std::string_view kAskThem = "ask the other server's admin for the entry in its log at that time";

// What is known of a code or a category. `says`: a part of the reason without which the row does not apply;
// rows with one stand before the row of the same code without.
struct Known {
  std::string_view code;
  std::string_view says;
  std::string_view meaning;
  std::string_view cause;
  std::string_view rows;  // separated by blanks
  std::string_view next;
};

// --- x-ms-diagnostics (protocol.md 3.3)

constexpr auto kDiagnostics = std::to_array<Known>({
    {"2000000", "", "the server holds no key that verifies the signature of our token",
     "our certificate was rolled, and the server has neither read our metadata nor been told of the new one",
     "CERT-NOTIFY CERT-ROLL-LATE", kTestCertificates},
    {"2000001", "S2SAppActAs", "the address that was called takes no token that speaks for a user",
     "this protocol of the server is open to application tokens only", "PARTNER-TRUST",
     "test-oauth-connectivity --service ews --target-uri URL --app-only"},
    {"2000001", "ApplicationTrustLevel", "the server does not let us act as this token asks",
     "the partner application that stands for us there has a lower ApplicationTrustLevel", "PARTNER-TRUST",
     "have the other admin run set-partner-application NAME --application-trust-level full"},
    {"2000001", "cannot be parsed", "the server could not read the token",
     "something between the two servers changed or cut the Authorization header, or the token has a form "
     "that "
     "the server does not know",
     "", "new-oauth-token --partner NAME | show-oauth-token -"},
    {"2000001", "", "the server does not take this token: its form, a claim, or the issuer that it names",
     "the server knows us under another name, or the partner application that stands for us there is "
     "disabled",
     "OUR-NAME-CHANGED PARTNER-DISABLED", kShowConfiguration},
    {"2000002", "", "the token was not valid at the time that the server's clock shows",
     "the two clocks differ, or the token was used after its end", "CLOCK-SKEW", kTestPartners},
    {"2000003", "'http:", "the token names http where the server was called over https, or the reverse",
     "TLS ends in front of the server, which takes the call for one over http", "AUDIENCE-HOST", kTestLive},
    {"2000003", "", "the token is for another host than the one that the server believes itself to be",
     "the server is called under a name that it does not count as its own, or TLS ends in front of it",
     "AUDIENCE-HOST", kTestLive},
    {"2000004", "", "the server has no tenant or accepted domain of the realm that the token names",
     "our realm, or the one registered for this partner, is not one that the server accepts",
     "REALM-MISMATCH REALM-CHANGED", kShowConfiguration},
    {"2000005", "ambiguous", "the trust itself is good: the user in the token is more than one account there",
     "two accounts of the server share the address or the SID", "USER-MAPPING",
     "have the other admin look for the address among proxy addresses and SIP addresses"},
    {"2000005", "", "the trust itself is good: the user in the token is not known there",
     "the user has no mailbox or account on that server, or is known there under another address",
     "USER-MAPPING", "try a user who has a mailbox there: test-oauth-connectivity --mailbox ADDRESS"},
    {"2000006", "", "the server does not know the application that calls, or has disabled it",
     "no partner application of our name is registered and enabled there",
     "OUR-NAME-CHANGED PARTNER-DISABLED", kShowConfiguration},
    {"2000007", "", "the server failed inside while it judged the token",
     "a fault of the server, not of the token", "", kAskThem},
    {"2000008", "", "the server does not take this kind of grant",
     "a token of another kind is expected there", "", kTestServers},
    {"2000009", "", "the certificate that signed the token is unknown to the server, or not valid now",
     "the server still holds the certificate before it, or ours has ended", "CERT-NOTIFY CERT-EXPIRY",
     kTestCertificates},
    {"2000020", "", "the server asks for further claims of the user, as conditional access does",
     "a policy of a hosted tenant applies to this call; servers cannot satisfy it", "",
     "have the tenant's admin exclude server-to-server calls from the policy"},
    {"4000000", "", "OAuth is not switched on for the user's domain on that server",
     "the organization there has not enabled OAuth for that domain", "OAUTH-OFF",
     "have the other admin finish the OAuth configuration of the domain"},
    {"3005004", "", "SharePoint takes no token whose header says that it is not signed",
     "an unsigned token was sent where a signed one is expected, or the patch against unsigned tokens is in "
     "force",
     "", "new-oauth-token --partner NAME | show-oauth-token -"},
    {"3001000", "", "SharePoint could not authenticate the request, and says no more than that",
     "the issuer, its key or the realm is not the one registered in the farm", "CERT-NOTIFY REALM-MISMATCH",
     "have the farm's admin look for the correlation id in the ULS log"},
    {"3001003", "", "SharePoint does not let the application act for users",
     "the application has no right to impersonate there", "PARTNER-TRUST",
     "have the farm's admin give the application the right to act for users"},
    {"28020", "", "the call came without a token that Lync accepts",
     "no token was sent, or it was meant for another service of the server", "",
     "test-oauth-connectivity --service generic --target-uri URL"},
    {"28029", "", "Lync does not offer this way of authentication at the address that was called",
     "OAuth is not enabled for that web service, or the address is another service's", "OAUTH-OFF",
     "test-oauth-connectivity --service generic --target-uri URL"},
});

// A code that is in no table may come with a category that is.
constexpr auto kCategories = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"invalid_signature", "2000000"},
    {"invalid_token", "2000001"},
    {"token_expired", "2000002"},
    {"invalid_resource", "2000003"},
    {"invalid_tenant", "2000004"},
    {"invalid_user", "2000005"},
    {"invalid_client", "2000006"},
    {"internal_error", "2000007"},
    {"invalid_grant", "2000008"},
    {"invalid_certificate", "2000009"},
    {"insufficient_claims", "2000020"},
    {"oauth_not_available", "4000000"},
});

// --- Token endpoints (protocol.md 3.4): the codes first, the most telling one first, then the words of
// RFC 6749 s.5.2

constexpr auto kTokenErrors = std::to_array<Known>({
    {"AADSTS700027", "", "the authorization server could not verify the signature of our assertion",
     "the certificate that signs is not registered as a key credential of our service principal there",
     "CERT-NOTIFY CERT-EXPIRY", kTestCertificates},
    {"AADSTS700024", "",
     "our assertion was not valid at the time that the authorization server's clock shows",
     "the two clocks differ", "CLOCK-SKEW", kTestServers},
    {"AADSTS700023", "", "our assertion is for another issuer or realm than the one that was asked",
     "the OAuth server is registered here with a realm or token endpoint of another tenant",
     "REALM-MISMATCH REALM-TENANT", kTestServers},
    {"AADSTS700016", "", "the authorization server knows no application of our name in that tenant",
     "our ServiceName has no service principal there, or the tenant is another one",
     "REALM-TENANT SERVICE-NAME", kShowConfiguration},
    {"AADSTS50012", "", "the authorization server does not accept the certificate that signs our assertion",
     "the certificate is not registered there, or is no longer valid", "CERT-NOTIFY CERT-EXPIRY",
     kTestCertificates},
    {"ACS50012", "", "the authorization server could not authenticate us",
     "the certificate that signs our assertion is not registered for our service principal there",
     "CERT-NOTIFY CERT-EXPIRY", kTestCertificates},
    {"AADSTS50013", "", "the authorization server does not accept the assertion",
     "it is signed with an unknown key, has ended, or is for another audience", "CERT-NOTIFY CLOCK-SKEW",
     kTestServers},
    {"AADSTS50027", "", "the authorization server could not read the assertion",
     "its form or one of its claims is not what is expected there", "", kTestServers},
    {"AADSTS500011", "", "the authorization server knows no resource of that name in the tenant",
     "the host that is called is not one of the resource's service principal names", "AUDIENCE-HOST",
     "have the tenant's admin add PRINCIPAL/HOST to the resource's service principal names"},
    {"AADSTS50001", "", "the resource is disabled or does not exist at the authorization server",
     "the host that is called is not one of the resource's service principal names", "AUDIENCE-HOST",
     "have the tenant's admin add PRINCIPAL/HOST to the resource's service principal names"},
    {"AADSTS90002", "", "the authorization server knows no tenant of that name",
     "the realm or the URL names a tenant that does not exist", "REALM-TENANT", kTestServers},
    {"AADSTS65001", "", "nobody has allowed our application to call that resource",
     "an admin of the tenant has to give consent", "", "have the tenant's admin give consent"},
    {"AADSTS7000215", "", "the authorization server was sent a wrong secret",
     "the client signs in with a secret; Accord uses a certificate and sends none", "", kTestServers},
    {"AADSTS7000222", "",
     "the secrets or certificates of the application have ended at the authorization server",
     "the key credential there has ended", "CERT-EXPIRY CERT-NOTIFY", kTestCertificates},
    {"AADSTS70002", "", "the authorization server could not validate our credentials",
     "the certificate that signs our assertion is not the one registered there", "CERT-NOTIFY CERT-EXPIRY",
     kTestCertificates},
    {"ACS70002", "", "the authorization server could not validate our credentials",
     "the certificate that signs our assertion is not the one registered there", "CERT-NOTIFY CERT-EXPIRY",
     kTestCertificates},
    {"ACS90011", "", "the authorization server refused the request before it looked at the credentials",
     "a parameter of the request, often the resource, is not as it expects", "AUDIENCE-HOST", kTestServers},
    {"invalid_request", "", "the authorization server misses a parameter, or finds one twice or malformed",
     "the request is not one that this endpoint takes: the token endpoint may be another one", "",
     kTestServers},
    {"invalid_client", "", "the authorization server does not accept who is calling",
     "the certificate that signs our assertion, or our name, is not registered there",
     "CERT-NOTIFY OUR-NAME-CHANGED", kTestCertificates},
    {"invalid_grant", "", "the authorization server does not accept the assertion",
     "it is signed with an unknown key, has ended, is for another audience, or was used before",
     "CERT-NOTIFY CLOCK-SKEW", kTestServers},
    {"unauthorized_client", "", "the application may not use this kind of grant",
     "it is registered there without the right to it", "", kAskThem},
    {"unsupported_grant_type", "", "the endpoint does not take this kind of grant",
     "the OAuth server is registered here with another Type than it has", "",
     "get-oauth-server --property Identity,Type,TokenEndpoint"},
    {"invalid_scope", "", "the authorization server does not know what was asked for",
     "the resource or scope is not registered there", "AUDIENCE-HOST", kTestServers},
    {"invalid_resource", "", "the authorization server does not know the resource that was asked for",
     "the host that is called is not one of the resource's names", "AUDIENCE-HOST", kTestServers},
    {"invalid_target", "", "the authorization server does not know the resource that was asked for",
     "the host that is called is not one of the resource's names", "AUDIENCE-HOST", kTestServers},
    {"invalid_token", "", "the token is malformed, has ended, or is not for this server",
     "its x-ms-diagnostics line, if there is one, says which", "", kTestPartners},
    {"insufficient_scope", "", "the token is good, and does not allow this call",
     "the application has fewer rights there than the call needs", "PARTNER-TRUST", kAskThem},
    {"temporarily_unavailable", "", "the authorization server is overloaded or being serviced",
     "nothing on this side", "", "try again in some minutes"},
    {"server_error", "", "the authorization server failed inside", "a fault of the server", "", kAskThem},
});

template <std::size_t N>
const Known* find_known(const std::array<Known, N>& table, std::string_view code, std::string_view reason) {
  const auto fits = [&](const Known& one) {
    return one.code == code && (one.says.empty() || reason.find(one.says) != std::string_view::npos);
  };
  const auto found = std::ranges::find_if(table, fits);
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void explain(Diagnosis& diagnosis, const Known& known) {
  diagnosis.meaning = known.meaning;
  diagnosis.cause = known.cause;
  diagnosis.rows = words_of(known.rows);
  diagnosis.next = known.next;
}

void admit(Diagnosis& diagnosis, std::string_view code) {
  diagnosis.known = false;
  diagnosis.meaning =
      fmt::format("'{}' is not a code that Accord knows; the server's own words are all there is",
                  escape_for_terminal(without_tokens(code)));
  diagnosis.cause = "not known";
  diagnosis.next = kAskThem;
}

std::optional<std::string> clean(const std::optional<std::string>& text) {
  return text ? std::optional(without_tokens(*text)) : std::nullopt;
}

void add_evidence(Diagnosis& diagnosis, std::string_view name, const std::optional<std::string>& value) {
  if (value) diagnosis.evidence.push_back(fmt::format("{}: {}", name, without_tokens(*value)));
}

// --- A pasted text

bool is_header(std::string_view line, std::string_view name) {
  return starts_with_ignoring_case(line, name) && line.size() > name.size() && line[name.size()] == ':';
}

std::string_view value_of(std::string_view line) {
  return trim(line.substr(line.find(':') + 1));
}

bool begins_with_scheme(std::string_view line) {
  const auto scheme = line.substr(0, line.find_first_of(" ,"));
  constexpr std::array<std::string_view, 6> kSchemes = {"Bearer", "MsRtcOAuth", "Negotiate",
                                                        "NTLM",   "Basic",      "Digest"};
  return std::ranges::any_of(kSchemes, [&](auto one) { return equals_ignoring_case(scheme, one); });
}

bool begins_with_code(std::string_view line) {
  const auto end = std::min(line.find_first_not_of("0123456789"), line.size());
  return end >= 4 && end <= 9 && (end == line.size() || trim(line.substr(end)).starts_with(';'));
}

// The lines of what was pasted, without what `curl -v` puts in front; a header that goes on in the next line
// (RFC 9112, 5.2) is one line.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto content = trim(line);
    if (content.starts_with("< ")) content = trim(content.substr(2));
    if (content.empty()) continue;
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    if (goes_on && !lines.empty() && is_header(lines.back(), "WWW-Authenticate")) {
      lines.back() += ' ';
      lines.back() += content;
    } else {
      lines.emplace_back(content);
    }
  }
  return lines;
}

struct Pasted {
  std::vector<std::string> challenges = {};
  std::vector<std::string> diagnostics = {};
  std::optional<std::string> body = {};
  std::vector<std::string> words = {};  // a code or category by itself
};

std::string from_line(const std::vector<std::string>& lines, std::size_t first) {
  std::string text;
  for (auto i = first; i < lines.size(); ++i) text += lines[i] + '\n';
  return text;
}

Pasted sort_out(std::string_view text) {
  Pasted pasted;
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& line = lines[i];
    if (line.starts_with('{')) {
      pasted.body = from_line(lines, i);
      break;
    }
    if (is_header(line, "WWW-Authenticate")) {
      pasted.challenges.emplace_back(value_of(line));
    } else if (is_header(line, "x-ms-diagnostics")) {
      pasted.diagnostics.emplace_back(value_of(line));
    } else if (begins_with_code(line)) {
      pasted.diagnostics.push_back(line);
    } else if (begins_with_scheme(line)) {
      pasted.challenges.push_back(line);
    } else {
      pasted.words.push_back(line);
    }
  }
  return pasted;
}

// The code of a text that is no JSON: "AADSTS70002: Error validating credentials." or "invalid_client".
std::optional<TokenEndpointError> error_of_words(const std::vector<std::string>& words) {
  for (const auto& line : words) {
    const auto first = line.substr(0, line.find_first_of(" :"));
    const bool is_word =
        find_known(kTokenErrors, to_lower(first), {}) != nullptr && first.size() == line.size();
    const auto codes = token_error_codes(line);
    if (is_word) return TokenEndpointError{.error = to_lower(first)};
    if (!codes.empty()) return TokenEndpointError{.error = {}, .description = line, .codes = codes};
  }
  return std::nullopt;
}

Result<std::optional<Diagnosis>> diagnose_challenges(const std::vector<std::string>& lines) {
  if (lines.empty()) return std::nullopt;
  TRY_ASSIGN(const auto all, parse_challenges(lines));
  TRY_ASSIGN(const auto bearer, bearer_challenge(all));
  const auto is_credential = [](const Challenge& one) {
    return equals_ignoring_case(one.scheme, "Bearer") && one.token68;
  };
  if (std::ranges::any_of(all, is_credential)) {
    return fail("Test.NothingTested", "nothing was explained: this is a token, not a server's answer", "-",
                "show-oauth-token - decodes it; do not paste it elsewhere, whoever has it can use it");
  }
  return diagnose(all, bearer);
}

Result<std::optional<Diagnosis>> diagnose_body(const std::optional<std::string>& body) {
  if (!body) return std::nullopt;
  if (parse_token_answer(*body)) {
    return fail("Test.NothingTested", "nothing was explained: the answer holds a token, and no error", "-",
                "request-oauth-token judges such an answer");
  }
  TRY_ASSIGN(const auto error, parse_token_error(*body));
  return diagnose(error);
}

}  // namespace

const RecordType kOAuthDiagnosticType{"OAuthDiagnostic", kProperties};

Diagnosis diagnose(const DiagnosticsLine& line) {
  Diagnosis made{.kind = DiagnosisKind::diagnostics,
                 .code = std::to_string(line.code),
                 .category = clean(line.category),
                 .reason = clean(line.reason)};
  add_evidence(made, "source", line.source);
  const auto reason = line.reason.value_or("");
  if (const auto* known = find_known(kDiagnostics, *made.code, reason)) {
    explain(made, *known);
    return made;
  }
  admit(made, *made.code);
  const auto category = std::ranges::find(kCategories, to_lower(line.category.value_or("")),
                                          &std::pair<std::string_view, std::string_view>::first);
  if (category == kCategories.end()) return made;
  const auto unknown = made.meaning;
  explain(made, *find_known(kDiagnostics, category->second, reason));
  made.meaning = fmt::format("{}. Its category says: {}", unknown, made.meaning);
  return made;
}

Diagnosis diagnose(const std::vector<Challenge>& all, const std::optional<BearerChallenge>& bearer) {
  Diagnosis made{.kind = DiagnosisKind::challenge};
  std::vector<std::string> schemes;
  for (const auto& one : all) schemes.push_back(one.scheme);
  add_evidence(made, "schemes", fmt::format("{}", fmt::join(schemes, ", ")));
  if (!bearer) {
    made.meaning = "the server asks for authentication, and does not offer OAuth (Bearer) for it";
    made.cause = "OAuth is not enabled on the address that was called, or a proxy in front of it answered";
    made.rows = {"OAUTH-OFF"};
    made.next = "have the other admin enable OAuth on that virtual directory";
    return made;
  }
  made.category = clean(bearer->error);
  made.reason = clean(bearer->error_description);
  add_evidence(made, "client_id", bearer->client_id);
  add_evidence(made, "realm", bearer->realm);
  if (bearer->trusted_issuers)
    add_evidence(made, "trusted_issuers", fmt::format("{}", fmt::join(*bearer->trusted_issuers, ", ")));
  add_evidence(made, "authorization_uri", bearer->authorization_uri);
  if (bearer->error) {
    made.meaning =
        "the server was sent a token and refused it; what it says of itself comes with every refusal";
    made.cause = "the x-ms-diagnostics line of the same answer says why";
    made.next = "show-oauth-diagnostic with that line";
    return made;
  }
  if (bearer->trusted_issuers && bearer->trusted_issuers->empty()) {
    made.meaning = "the server takes tokens, and trusts nobody: its list of issuers is empty";
    made.cause = "no partner application is registered and enabled there";
    made.rows = {"REALM-MISMATCH"};
    made.next = "have the other admin register this deployment: export-auth-metadata writes what they need";
    return made;
  }
  made.meaning =
      "the server takes tokens of the issuers that it names; this is its answer to a call without one";
  made.cause = "nothing is wrong with it; our name has to be among trusted_issuers";
  made.rows = {"REALM-MISMATCH"};
  made.next = kShowConfiguration;
  return made;
}

Diagnosis diagnose(const TokenEndpointError& error) {
  Diagnosis made{.kind = DiagnosisKind::token_error, .reason = clean(error.description)};
  if (!error.error.empty()) made.category = without_tokens(error.error);
  add_evidence(made, "trace id", error.trace_id);
  add_evidence(made, "correlation id", error.correlation_id);
  if (error.codes.size() > 1) add_evidence(made, "codes", fmt::format("{}", fmt::join(error.codes, ", ")));
  // The table is in the order of what tells most.
  const auto is_there = [&](const Known& one) {
    return std::ranges::find(error.codes, one.code) != error.codes.end();
  };
  const auto code = std::ranges::find_if(kTokenErrors, is_there);
  if (code != kTokenErrors.end()) {
    made.code = std::string(code->code);
    explain(made, *code);
    return made;
  }
  if (!error.codes.empty()) made.code = error.codes.front();
  const auto* known = find_known(kTokenErrors, to_lower(error.error), {});
  if (known == nullptr) {
    admit(made, made.code.value_or(error.error));
    return made;
  }
  explain(made, *known);
  if (made.code) {
    made.meaning =
        fmt::format("'{}' is not a code that Accord knows. Its error says: {}", *made.code, made.meaning);
    made.known = false;
  }
  return made;
}

Result<std::vector<Diagnosis>> diagnose_text(std::string_view text) {
  const auto pasted = sort_out(text);
  std::vector<Diagnosis> all;
  for (const auto& one : pasted.diagnostics) {
    TRY_ASSIGN(const auto line, parse_diagnostics(one));
    all.push_back(diagnose(line));
  }
  TRY_ASSIGN(auto of_body, diagnose_body(pasted.body));
  if (of_body) all.push_back(*std::move(of_body));
  if (all.empty() && pasted.challenges.empty()) {
    if (const auto error = error_of_words(pasted.words)) all.push_back(diagnose(*error));
  }
  TRY_ASSIGN(auto of_challenges, diagnose_challenges(pasted.challenges));
  if (of_challenges) all.push_back(*std::move(of_challenges));
  if (!all.empty()) return all;
  return fail(
      "Test.NothingTested",
      "nothing was explained: there is no x-ms-diagnostics, no challenge and no token endpoint's error "
      "in the text",
      "-", "paste the lines of the answer that begin with x-ms-diagnostics: and WWW-Authenticate:");
}

std::string without_tokens(std::string_view text) {
  // "eyJ" is base64url of `{"`, with which each header begins.
  constexpr std::string_view kBegin = "eyJ";
  constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
  std::string clean;
  while (!text.empty()) {
    const auto at = std::min(text.find(kBegin), text.size());
    clean += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    clean += "(token)";
    text.remove_prefix(std::min(text.find_first_not_of(kCharacters), text.size()));
  }
  return clean;
}

Record to_record(const Diagnosis& diagnosis) {
  return Record(kOAuthDiagnosticType)
      .add("Kind", std::string(enum_name(diagnosis.kind)))
      .add("Code", value_or_null(diagnosis.code))
      .add("Category", value_or_null(diagnosis.category))
      .add("Reason", value_or_null(diagnosis.reason))
      .add("Meaning", diagnosis.meaning)
      .add("Cause", diagnosis.cause)
      .add("Rows", diagnosis.rows)
      .add("Next", diagnosis.next)
      .add("Evidence", diagnosis.evidence);
}

}  // namespace accord
