#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"
#include "lib/metadata/document.h"
#include "lib/token/key.h"
#include "tests/support.h"
#include "tests/unit/token/token_kit.h"

namespace accord {
namespace {

using test::error_id;
using test::must;

constexpr std::string_view kTenant = "72416f3c-199e-43f6-9bb5-29f4a10665d5";
constexpr std::string_view kFed = "http://docs.oasis-open.org/wsfed/federation/200706";

template <class T>
std::string message(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

template <class T>
bool says(const Result<T>& result, std::string_view id, std::string_view part) {
  const auto text = message(result);
  INFO("'" << text << "' should have '" << part << "'");
  CHECK(error_id(result) == id);
  const bool has_part = text.find(part) != std::string::npos;
  CHECK(has_part);
  return has_part;
}

Result<MetadataDocument> read(std::string_view text) {
  return parse_metadata(text, {.tenant = std::string(kTenant)});
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "the test replaces nothing: " << from);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> x5ts(const MetadataDocument& document) {
  std::vector<std::string> found;
  for (const auto& key : document.keys) found.push_back(key.x5t);
  return found;
}

// ---- A document of our own, signed by hand
//
// Written in its canonical form, so that signing needs no XML: exclusive canonicalization leaves out one
// declaration alone, that of `fed` where only an attribute's value has it.

constexpr std::string_view kDeclaresFed = " xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\"";

std::string key_descriptor(std::string_view use, std::string_view der) {
  return fmt::format(
      R"(<KeyDescriptor use="{}"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>)"
      R"(<X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>)",
      use, base64_encode(der));
}

std::string endpoint(std::string_view name, std::string_view address) {
  return fmt::format(R"(<fed:{0}{1}><wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">)"
                     R"(<wsa:Address>{2}</wsa:Address></wsa:EndpointReference></fed:{0}>)",
                     name, kDeclaresFed, address);
}

std::string role(std::string_view type, std::string_view content) {
  return fmt::format(R"(<RoleDescriptor{} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" )"
                     R"(protocolSupportEnumeration="{}" xsi:type="{}">{}</RoleDescriptor>)",
                     kDeclaresFed, kFed, type, content);
}

std::string der_of(const std::string& key) {
  return test::data("token-" + key + ".cer");
}

struct Signer {
  std::string key = "rsa";
  Algorithm algorithm = Algorithm::rs256;
  std::string method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  std::string digest_method = "http://www.w3.org/2001/04/xmlenc#sha256";
  std::string (*digest)(std::string_view) = sha256;
  std::string uri = "#_1";
  std::string transforms =
      R"(<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></Transform>)"
      R"(<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform>)";
  std::string canonicalization = "http://www.w3.org/2001/10/xml-exc-c14n#";
  int references = 1;
  std::string certificate = "rsa";
  std::string more = {};  // within Signature

  [[nodiscard]] std::string signed_info(std::string_view canonical) const {
    std::string info = R"(<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">)";
    info +=
        fmt::format(R"(<CanonicalizationMethod Algorithm="{}"></CanonicalizationMethod>)", canonicalization);
    info += fmt::format(R"(<SignatureMethod Algorithm="{}"></SignatureMethod>)", method);
    for (int i = 0; i < references; ++i) {
      info += fmt::format(
          R"(<Reference URI="{}"><Transforms>{}</Transforms><DigestMethod Algorithm="{}"></DigestMethod>)"
          R"(<DigestValue>{}</DigestValue></Reference>)",
          uri, transforms, digest_method, base64_encode(digest(canonical)));
    }
    return info + "</SignedInfo>";
  }

  [[nodiscard]] std::string signature(std::string_view canonical) const {
    const auto info = signed_info(canonical);
    const auto value = must(test::signing_key(key).sign(algorithm, info));
    return fmt::format(
        R"(<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">{}<SignatureValue>{}</SignatureValue>)"
        R"(<KeyInfo><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo>{}</Signature>)",
        info, base64_encode(value), base64_encode(der_of(certificate)), more);
  }
};

constexpr std::string_view kRootEnd = "</EntityDescriptor>";

struct Federation {
  std::string entity_id = "https://sts.windows.net/{tenantid}/";
  std::string roles =
      role("fed:SecurityTokenServiceType",
           key_descriptor("signing", der_of("rsa")) +
               endpoint("PassiveRequestorEndpoint", "https://login.litwareinc.com/common/wsfed"));

  [[nodiscard]] std::string start(std::string_view id = "_1") const {
    return fmt::format(
        R"(<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="{}" entityID="{}">)", id,
        entity_id);
  }
  [[nodiscard]] std::string text() const { return start() + roles + std::string(kRootEnd); }
  [[nodiscard]] std::string canonical() const {
    auto bare = text();
    const auto in_role = "<RoleDescriptor" + std::string(kDeclaresFed);
    for (auto at = bare.find(in_role); at != std::string::npos; at = bare.find(in_role))
      bare.erase(at + 15, kDeclaresFed.size());
    return bare;
  }
  [[nodiscard]] std::string signed_by(const Signer& signer) const {
    return start() + signer.signature(canonical()) + roles + std::string(kRootEnd);
  }
};

// ---- The public documents

std::string azure_text() {
  return test::slurp(test::vectors_folder() + "/wsfed-federationmetadata/aad-common-FederationMetadata.xml");
}
std::string adfs_text() {
  return test::slurp(test::vectors_folder() + "/wsfed-federationmetadata/adfs-v3-metadata.xml");
}

TEST_CASE("the document of Azure AD: its keys in order, its tenant, its derived endpoints") {
  ACCORD_NEEDS_VECTORS();
  const auto document = must(read(azure_text()));
  CHECK(document.kind == MetadataKind::federation);
  CHECK(document.is_signed);
  CHECK(document.issuer.principal == "https://sts.windows.net/" + std::string(kTenant) + "/");
  CHECK(document.issuer.realm == kTenant);
  CHECK(x5ts(document) == std::vector<std::string>{"a3QN0BZS7s4nN-BdrjbF0Y_LdMM",
                                                   "z039zdsFuizpBfBVK1Tn25QHYO0",
                                                   "2S4SCVGs8Sg9LS6AqLIq6DpW-g8"});
  CHECK(document.endpoint("issuance") == "https://login.microsoftonline.com/common/oauth2/token");
  CHECK(document.endpoint("authorization") == "https://login.microsoftonline.com/common/oauth2/authorize");
  CHECK_FALSE(document.endpoint("metadata").has_value());
}

TEST_CASE("without a tenant the document of Azure AD has no realm") {
  ACCORD_NEEDS_VECTORS();
  const auto document = must(parse_metadata(azure_text(), {}));
  CHECK(document.issuer.principal == "https://sts.windows.net/{tenantid}/");
  CHECK(document.issuer.realm.empty());
}

TEST_CASE("the document of ADFS: one signing key, a name of http, no realm") {
  ACCORD_NEEDS_VECTORS();
  const auto document = must(read(adfs_text()));
  CHECK(document.is_signed);
  CHECK(document.issuer.principal == "http://fs.msidlab2.com/adfs/services/trust");
  CHECK(document.issuer.realm.empty());
  CHECK(document.name == "fs.msidlab2.com AD FS");
  CHECK(x5ts(document) == std::vector<std::string>{"jDtg8ck_o-Uq_UGIXntsbEphxlo"});
  CHECK(document.endpoint("issuance") == "https://fs.msidlab2.com/adfs/oauth2/token");
  CHECK(document.endpoint("authorization") == "https://fs.msidlab2.com/adfs/oauth2/authorize");
}

// ---- What is read

TEST_CASE("a document without a signature is read, and says so") {
  const auto document = must(read(Federation().text()));
  CHECK_FALSE(document.is_signed);
  CHECK(document.keys.size() == 1);
  CHECK(document.keys.front().der == der_of("rsa"));
  CHECK(document.endpoint("issuance") == "https://login.litwareinc.com/common/oauth2/token");
}

TEST_CASE("a byte order mark, a declaration and blanks around the document do no harm") {
  const auto text = Federation().signed_by({});
  for (const auto* before :
       {"\xEF\xBB\xBF", "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", "\r\n "}) {
    CAPTURE(std::string(before));
    const auto document = must(read(before + text + "\n<!-- x -->"));
    CHECK(document.is_signed);
  }
  CHECK(error_id(read("<?xml version=\"1.0\" encoding=\"utf-16\"?>\n" + text)).empty());
}

TEST_CASE("only signing keys of the token service are taken, each once, in the document's order") {
  Federation federation;
  const auto other = key_descriptor("signing", der_of("p384"));
  federation.roles =
      role("fed:ApplicationServiceType", other) +
      role("fed:SecurityTokenServiceType",
           key_descriptor("encryption", der_of("p384")) + key_descriptor("signing", der_of("rsa-other")) +
               key_descriptor("signing", der_of("rsa")) + key_descriptor("signing", der_of("rsa-other"))) +
      "<IDPSSODescriptor>" + other + "</IDPSSODescriptor>";
  const auto document = must(read(federation.text()));
  REQUIRE(document.keys.size() == 2);
  CHECK(document.keys[0].der == der_of("rsa-other"));
  CHECK(document.keys[1].der == der_of("rsa"));
  CHECK(document.endpoints.empty());
}

TEST_CASE("the type of a role is a name in a namespace, whatever its prefix") {
  Federation federation;
  SUBCASE("another prefix") {
    federation.roles = replaced(federation.roles, kDeclaresFed, fmt::format(" xmlns:x=\"{}\"", kFed));
    federation.roles = replaced(federation.roles, "fed:Security", "x:Security");
    CHECK(must(read(federation.text())).keys.size() == 1);
  }
  SUBCASE("blanks around it") {
    federation.roles =
        replaced(federation.roles, "fed:SecurityTokenServiceType", " fed:SecurityTokenServiceType\n");
    CHECK(must(read(federation.text())).keys.size() == 1);
  }
  SUBCASE("the usual prefix, bound to another namespace") {
    federation.roles = replaced(federation.roles, kDeclaresFed, " xmlns:fed=\"urn:other\"");
    says(read(federation.text()), "Metadata.Invalid", "no signing key");
  }
  SUBCASE("a prefix that is bound to nothing") {
    federation.roles = replaced(federation.roles, kDeclaresFed, "");
    says(read(federation.text()), "Metadata.Invalid", "no signing key");
    federation.roles += "<x:Extension></x:Extension>";
    says(read(federation.text()), "Metadata.Invalid", "x");
  }
  SUBCASE("another type") {
    federation.roles =
        replaced(federation.roles, "fed:SecurityTokenServiceType", "fed:SecurityTokenServiceTypes");
    says(read(federation.text()), "Metadata.Invalid", "no signing key");
  }
}

TEST_CASE("the realm is the first segment of the name, where that is a GUID") {
  const auto realm_of = [](std::string_view name) {
    Federation federation;
    federation.entity_id = name;
    return must(read(federation.text())).issuer.realm;
  };
  CHECK(realm_of("https://sts.windows.net/72416f3c-199e-43f6-9bb5-29f4a10665d5") == kTenant);
  CHECK(realm_of("https://sts.windows.net/72416F3C-199E-43F6-9BB5-29F4A10665D5/x") ==
        "72416F3C-199E-43F6-9BB5-29F4A10665D5");
  for (const auto* name :
       {"https://sts.windows.net", "https://sts.windows.net/", "https://sts.windows.net/contoso.com/",
        "https://sts.windows.net/x/72416f3c-199e-43f6-9bb5-29f4a10665d5",
        "https://sts.windows.net/72416f3c-199e-43f6-9bb5-29f4a10665d",
        "http://fs.contoso.com/adfs/services/trust"})
    CHECK(realm_of(name).empty());
  for (const auto* name : {"urn:federation:contoso", "", "ldap://x/", "https://sts.windows.net/&#xA;x/"}) {
    CAPTURE(name);
    Federation federation;
    federation.entity_id = name;
    CHECK(error_id(read(federation.text())) == "Metadata.Invalid");
  }
}

TEST_CASE("the authority comes from an https address, the passive one first") {
  const auto issuance = [](std::string_view endpoints) {
    Federation federation;
    federation.roles = role("fed:SecurityTokenServiceType",
                            key_descriptor("signing", der_of("rsa")) + std::string(endpoints));
    return must(read(federation.text())).endpoint("issuance").value_or("");
  };
  const auto token = endpoint("SecurityTokenServiceEndpoint", "https://token.contoso.com:8443/wsfed?a=b");
  CHECK(issuance(token) == "https://token.contoso.com:8443/common/oauth2/token");
  CHECK(issuance(token + endpoint("PassiveRequestorEndpoint", "https://login.contoso.com/")) ==
        "https://login.contoso.com/common/oauth2/token");
  CHECK(issuance(token + endpoint("PassiveRequestorEndpoint", "http://login.contoso.com/")) ==
        "https://token.contoso.com:8443/common/oauth2/token");
  CHECK(issuance(endpoint("PassiveRequestorEndpoint", "https://user@login.contoso.com/")).empty());
  CHECK(issuance(endpoint("TargetScopes", "https://login.contoso.com/")).empty());
}

TEST_CASE("what is no federation metadata is said to be none") {
  const std::array<std::pair<std::string, std::string>, 11> cases = {{
      {"<?xml version=\"1.0\"?><a/>", "root is 'a'"},
      {"<EntityDescriptor entityID=\"x\"/>", "root is 'EntityDescriptor'"},
      {"<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>",
       "root is 'EntitiesDescriptor'"},
      {"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>", "no entityID"},
      {"<a", "line 1"},
      {"<a></b>", "line 1, column 8"},
      {"<a/><b/>", "line 1"},
      {"<a>\xFF</a>", "line 1"},
      {"<a>&x;</a>", "line 1"},
      {"<a xmlns:b=\"b\" b:c=\"\" b:c=\"\"/>", "line 1"},
      {"<a>" + std::string(std::size_t{1024} * 1024, ' ') + "</a>", "larger than 1 MiB"},
  }};
  for (const auto& [text, part] : cases) {
    CAPTURE(text.substr(0, 100));
    says(read(text), "Metadata.Invalid", part);
  }
}

TEST_CASE("a document that is nested deeply is refused") {
  for (const auto depth : {31, 32, 1000, 100'000}) {
    CAPTURE(depth);
    std::string deep;
    for (int i = 0; i < depth; ++i) deep += "<a>";
    for (int i = 0; i < depth; ++i) deep += "</a>";
    Federation federation;
    federation.roles += deep;
    CHECK(error_id(read(federation.text())) == (depth < 32 ? "" : "Metadata.Invalid"));
  }
}

TEST_CASE("an element with more attributes than any has is refused before its signature is looked at") {
  for (const auto count : {31, 32, 10'000}) {
    CAPTURE(count);
    Federation federation;
    std::string declarations = "<Extensions x=\"\"";
    for (int i = 0; i < count; ++i) declarations += fmt::format(" xmlns:a{0}=\"urn:{0}\"", i);
    federation.roles += declarations + "></Extensions>";
    CHECK(error_id(read(federation.text())) == (count < 32 ? "" : "Metadata.Invalid"));
  }
}

TEST_CASE("a comment within a value is refused, for readers disagree about what is said then") {
  for (const auto* within : {"<!-- x -->", "<?x y?>", "<![CDATA[]]>", "<x/>"}) {
    CAPTURE(within);
    Federation federation;
    federation.roles =
        replaced(federation.roles, "<X509Certificate>", std::string("<X509Certificate>MII") + within);
    says(read(federation.text()), "Metadata.Invalid", "more than text");
    Federation address;
    address.roles =
        replaced(address.roles, "<wsa:Address>", std::string("<wsa:Address>https://evil") + within);
    says(read(address.text()), "Metadata.Invalid", "more than text");
  }
}

TEST_CASE("a certificate that is no base64 or cut off is named") {
  Federation federation;
  const auto whole = base64_encode(der_of("rsa"));
  federation.roles = replaced(federation.roles, whole, whole.substr(0, 400));
  says(read(federation.text()), "Metadata.Invalid", "signing key 1 is cut off");
  federation.roles = replaced(federation.roles, whole.substr(0, 400), "???");
  says(read(federation.text()), "Metadata.Invalid", "signing key 1 is not base64");
}

// ---- Document type declarations

TEST_CASE("a DOCTYPE is refused before anything in it is read") {
  const auto text = Federation().text();
  std::string laughs = "<!DOCTYPE EntityDescriptor [<!ENTITY a0 \"ha\">";
  for (int i = 1; i < 30; ++i) laughs += fmt::format("<!ENTITY a{0} \"&a{1};&a{1};&a{1};\">", i, i - 1);
  laughs += "]>";
  const std::array<std::string, 5> doctypes = {
      "<!DOCTYPE EntityDescriptor>",
      "<!DOCTYPE EntityDescriptor SYSTEM \"file:///etc/passwd\">",
      "<!DOCTYPE EntityDescriptor [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>",
      "<!DOCTYPE EntityDescriptor [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]>",
      laughs,
  };
  for (const auto& doctype : doctypes) {
    CAPTURE(doctype.substr(0, 100));
    says(read(doctype + text), "Metadata.Invalid", "DOCTYPE");
    const auto used = replaced(text, "https://login.", doctype == laughs ? "&a29;" : "&x;");
    says(read("<?xml version=\"1.0\"?>" + doctype + used), "Metadata.Invalid", "DOCTYPE");
  }
}

// ---- Signatures

TEST_CASE("good signatures of each accepted form") {
  Signer signer;
  SUBCASE("RSA with SHA-256") {}
  SUBCASE("of the whole document") {
    signer.uri = "";
  }
  SUBCASE("RSA with SHA-512") {
    signer.method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
    signer.algorithm = Algorithm::rs512;
  }
  SUBCASE("ECDSA with SHA-256") {
    signer.method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    signer.algorithm = Algorithm::es256;
    signer.key = signer.certificate = "p256";
  }
  const auto document = must(read(Federation().signed_by(signer)));
  CHECK(document.is_signed);
  CHECK(document.keys.size() == 1);
}

TEST_CASE("a comment outside of values changes neither the signature nor what is read") {
  const auto text = replaced(Federation().signed_by({}), "<RoleDescriptor", "<!-- x --><RoleDescriptor");
  CHECK(must(read(text)).is_signed);
}

TEST_CASE("a document that was changed after it was signed is refused") {
  const auto text = Federation().signed_by({});
  const auto other = base64_encode(der_of("rsa-other"));
  const auto own = base64_encode(der_of("rsa"));
  auto with_other_key = text;
  const auto at = with_other_key.find(own, with_other_key.find("KeyDescriptor"));
  REQUIRE(at != std::string::npos);
  with_other_key.replace(at, own.size(), other);
  const std::array<std::string, 5> changed = {
      with_other_key,
      replaced(text, "{tenantid}/\"", "{tenantid}\""),
      replaced(text, "use=\"signing\"", "use=\"encryption\""),
      replaced(text, kRootEnd,
               role("fed:SecurityTokenServiceType", key_descriptor("signing", der_of("p256"))) +
                   std::string(kRootEnd)),
      replaced(text, "login.litwareinc", "login.fabrikam"),
  };
  for (const auto& one : changed) says(read(one), "Metadata.BadSignature", "changed after it was signed");
}

TEST_CASE("a digest, a value or a certificate that does not fit is refused") {
  const auto text = Federation().signed_by({});
  Signer other;
  other.certificate = "rsa-other";
  says(read(Federation().signed_by(other)), "Metadata.BadSignature", "not that of its certificate's key");
  Federation longer;
  longer.entity_id += "x";
  const auto of_another = Signer().signed_info(longer.canonical());
  says(read(replaced(text, Signer().signed_info(Federation().canonical()), of_another)),
       "Metadata.BadSignature", "changed after it was signed");
  const auto value = text.find("<SignatureValue>") + 16;
  auto flipped = text;
  flipped[value] = flipped[value] == 'A' ? 'B' : 'A';
  says(read(flipped), "Metadata.BadSignature", "not that of its certificate's key");
  for (const auto* none :
       {"<X509Certificate></X509Certificate>", "<X509Certificate>MIIB</X509Certificate>", ""}) {
    const auto own = "<X509Certificate>" + base64_encode(der_of("rsa")) + "</X509Certificate>";
    says(read(replaced(text, own, none)), "Metadata.BadSignature", "X509Certificate");
  }
  Signer rsa_by_name;
  rsa_by_name.certificate = "p256";
  CHECK(error_id(read(Federation().signed_by(rsa_by_name))) == "Metadata.BadSignature");
}

TEST_CASE("forms that are not accepted are refused, though each of these signatures is right") {
  Signer signer;
  std::string part;
  SUBCASE("SHA-1 as the digest") {
    signer.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1";
    signer.digest = sha1;
    part = "xmldsig#sha1' of 'DigestMethod'";
  }
  SUBCASE("SHA-1 in the signature") {
    signer.method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    part = "rsa-sha1' of 'SignatureMethod'";
  }
  SUBCASE("HMAC") {
    signer.method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    part = "hmac-sha256";
  }
  SUBCASE("two References") {
    signer.references = 2;
    part = "2 References";
  }
  SUBCASE("no Reference") {
    signer.references = 0;
    part = "0 References";
  }
  SUBCASE("a Reference to nothing") {
    signer.uri = "#_2";
    part = "'#_2' is not to the root";
  }
  SUBCASE("a Reference to a file") {
    signer.uri = "file:///etc/passwd";
    part = "is not to the root";
  }
  SUBCASE("an XPointer") {
    signer.uri = "#xpointer(/)";
    part = "is not to the root";
  }
  SUBCASE("canonicalization with comments") {
    signer.canonicalization += "WithComments";
    part = "WithComments' of 'CanonicalizationMethod'";
  }
  SUBCASE("inclusive canonicalization") {
    signer.canonicalization = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    part = "c14n-20010315";
  }
  SUBCASE("no transforms") {
    signer.transforms = "";
    part = "transforms";
  }
  SUBCASE("a transform that takes parts away") {
    signer.transforms +=
        R"(<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>false()</XPath></Transform>)";
    part = "transforms";
  }
  SUBCASE("XPath instead of canonicalization") {
    signer.transforms = replaced(signer.transforms, "http://www.w3.org/2001/10/xml-exc-c14n#",
                                 "http://www.w3.org/TR/1999/REC-xpath-19991116");
    part = "xpath";
  }
  SUBCASE("XSLT as an argument") {
    signer.transforms = replaced(
        signer.transforms, "signature\"></T",
        "signature\"><x:stylesheet xmlns:x=\"http://www.w3.org/1999/XSL/Transform\"></x:stylesheet></T");
    part = "argument";
  }
  SUBCASE("an Object in the signature") {
    signer.more = "<Object></Object>";
    part = "SignedInfo, SignatureValue and KeyInfo";
  }
  says(read(Federation().signed_by(signer)), "Metadata.BadSignature", part);
}

// ---- Signature wrapping: a good signature of another part of the document

TEST_CASE("a signed document within a forged one does not vouch for it") {
  Federation original;
  Federation forged;
  forged.roles = role("fed:SecurityTokenServiceType", key_descriptor("signing", der_of("rsa-other")));
  const auto signature = Signer().signature(original.canonical());
  const auto end = std::string(kRootEnd);
  const auto moved = original.start() + original.roles + end;
  const std::string extensions = "<Extensions>";
  const std::string end_extensions = "</Extensions>";

  SUBCASE("the original in an extension, the signature below the new root") {
    says(read(forged.start("_2") + signature + extensions + moved + end_extensions + forged.roles + end),
         "Metadata.BadSignature", "'#_1' is not to the root");
  }
  SUBCASE("the same, the new root with the same ID") {
    says(read(forged.start("_1") + signature + extensions + moved + end_extensions + forged.roles + end),
         "Metadata.BadSignature", "'_1' stands more than once");
  }
  SUBCASE("the same, the new root without an ID") {
    const auto start = replaced(forged.start(), " ID=\"_1\"", "");
    says(read(start + signature + extensions + moved + end_extensions + forged.roles + end),
         "Metadata.BadSignature", "'#_1' is not to the root");
  }
  SUBCASE("the whole original, signature and all, in an extension") {
    says(read(forged.start("_2") + extensions + original.signed_by({}) + end_extensions + forged.roles + end),
         "Metadata.BadSignature", "directly below the root");
  }
  SUBCASE("the original within the signature") {
    Signer holder;
    holder.more = "<Object>" + moved + "</Object>";
    const auto wrapped = forged.start("_2") + holder.signature(original.canonical()) + forged.roles + end;
    CHECK(error_id(read(wrapped)) == "Metadata.BadSignature");
  }
  SUBCASE("another attribute that is an ID") {
    for (const auto* name : {"Id", "id", "xml:id"}) {
      const auto decoy = fmt::format("<Extensions {}=\"_1\"></Extensions>", name);
      says(read(forged.start("_1") + signature + decoy + forged.roles + end), "Metadata.BadSignature",
           "stands more than once");
    }
  }
  SUBCASE("two signatures below the root") {
    says(read(original.start() + signature + signature + original.roles + end), "Metadata.BadSignature",
         "several Signature elements");
  }
  SUBCASE("a role that the signature covers, and one within it") {
    auto smuggled =
        replaced(original.signed_by({}), "<KeyInfo><X509Data>", forged.roles + "<KeyInfo><X509Data>");
    CHECK(error_id(read(smuggled)) == "Metadata.BadSignature");
  }
}

TEST_CASE("a signature whose name or namespace is damaged is not taken for none") {
  const auto text = Federation().signed_by({});
  says(read(replaced(text, "Signature xmlns=\"http", "Signature xmlns=\"httq")), "Metadata.BadSignature",
       "SignedInfo, SignatureValue and KeyInfo");
  CHECK(error_id(read(replaced(text, "<Signature ", "<Signatura "))) == "Metadata.Invalid");
}

TEST_CASE("a role within the signature, which it does not cover, is not read") {
  Federation original;
  const auto smuggled = role("fed:SecurityTokenServiceType", key_descriptor("signing", der_of("rsa-other")));
  // KeyInfo is outside of what is signed, and the only place for it.
  const auto text = replaced(original.signed_by({}), "<KeyInfo><X509Data>",
                             "<KeyInfo>" +
                                 replaced(smuggled, "<RoleDescriptor",
                                          "<RoleDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"") +
                                 "<X509Data>");
  const auto document = must(read(text));
  REQUIRE(document.keys.size() == 1);
  CHECK(document.keys.front().der == der_of("rsa"));
}

// ---- Damage

std::vector<std::string> documents_to_damage() {
  std::vector<std::string> texts = {Federation().signed_by({})};
  if (!test::vectors_folder().empty()) texts.push_back(azure_text());
  return texts;
}

TEST_CASE("a document that is cut off anywhere is refused") {
  for (const auto& text : documents_to_damage()) {
    const auto end = text.rfind('>');
    for (std::size_t size = 1; size <= end; size += 1 + text.size() / 500) {
      CAPTURE(size);
      CHECK_FALSE(read(text.substr(0, size)).has_value());
    }
    CHECK_FALSE(read(text.substr(0, end)).has_value());
  }
}

TEST_CASE("no damage to a signed document brings a key that was not in it") {
  std::mt19937 random(20261124);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (const auto& text : documents_to_damage()) {
    const auto original = must(read(text)).keys;
    std::size_t accepted = 0;
    for (int i = 0; i < 2000; ++i) {
      auto damaged = text;
      for (std::size_t count = 1 + below(3); count > 0; --count)
        damaged[below(damaged.size())] = static_cast<char>(below(4) == 0 ? below(256) : 32 + below(95));
      const auto document = read(damaged);
      if (!document) continue;
      ++accepted;
      for (const auto& key : document->keys)
        CHECK(std::find(original.begin(), original.end(), key) != original.end());
    }
    CHECK(accepted < 400);
  }
}

}  // namespace
}  // namespace accord
