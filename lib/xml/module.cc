// accord_xml.so: FederationMetadata.xml and its signature, through libxml2 and xmlsec.
//
// Both would cost every call their start-up, so this is a module that the program loads when a document is
// XML. Nothing is fetched, no DTD is read, no entity is expanded and no key is looked for: the signature's
// own certificate verifies it, which shows that the document is whole and nothing of who wrote it.
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlerror.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <xmlsec/base64.h>
#include <xmlsec/errors.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/handle.h"
#include "lib/metadata/xml_module.h"

namespace accord {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;
// For each element all prefixes that are declared around it are looked through, by the parser and for the
// signature: without limits a document of 1 MiB takes ten seconds.
constexpr int kMostDepth = 32;
constexpr int kMostAttributes = 32;  // of an element, declarations of prefixes included

constexpr std::string_view kMetadata = "urn:oasis:names:tc:SAML:2.0:metadata";
constexpr std::string_view kFederation = "http://docs.oasis-open.org/wsfed/federation/200706";
constexpr std::string_view kAddressing = "http://www.w3.org/2005/08/addressing";
constexpr std::string_view kSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::string_view kSignature = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";  // without comments
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

using Document = Handle<xmlDoc, xmlFreeDoc>;
using Parser = Handle<xmlParserCtxt, xmlFreeParserCtxt>;
using SignatureContext = Handle<xmlSecDSigCtx, xmlSecDSigCtxDestroy>;

void free_text(xmlChar* text) {
  xmlFree(text);
}
using Text = Handle<xmlChar, free_text>;

// ---- Answers

void say(XmlAnswer* answer, XmlStatus status, std::string_view text) {
  answer->status = status;
  answer->text[text.copy(answer->text, sizeof(answer->text) - 1)] = '\0';
}

bool refuse(XmlAnswer* answer, XmlStatus status, std::string_view text) {
  say(answer, status, text);
  return false;
}

bool refuse_signature(XmlAnswer* answer, std::string_view text) {
  return refuse(answer, kXmlBadSignature, text);
}

// std::to_string would make symbols that the whole process shares.
std::string number(std::size_t value) {
  char text[24];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof(text), "%zu", value))};
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// ---- The libraries

void be_silent(void* /*context*/, const char* /*format*/, ...) {}
void be_silent_about(void* /*context*/, xmlErrorPtr /*error*/) {}
void be_silent_in_xmlsec(const char* /*file*/, int /*line*/, const char* /*function*/, const char* /*object*/,
                         const char* /*subject*/, int /*reason*/, const char* /*message*/) {}

xmlParserInputPtr load_nothing(const char* /*url*/, const char* /*id*/, xmlParserCtxtPtr /*context*/) {
  return nullptr;
}

// The first call of OpenSSL decides: OPENSSL_CONF is not read, now or later.
bool start_libraries() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  xmlInitParser();
  xmlSetExternalEntityLoader(load_nothing);
  if (xmlSecInit() != 0) return false;
  xmlSecErrorsSetCallback(be_silent_in_xmlsec);
  return xmlSecOpenSSLInit() == 0;
}

bool prepare() {
  static const bool is_ready = start_libraries();
  // A thread has handlers of its own.
  xmlSetGenericErrorFunc(nullptr, be_silent);
  xmlSetStructuredErrorFunc(nullptr, be_silent_about);
  return is_ready;
}

// ---- Nodes

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

const xmlChar* chars(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);
}

bool is_element(const xmlNode* node, std::string_view space, std::string_view name) {
  return node->type == XML_ELEMENT_NODE && node->ns != nullptr && view(node->ns->href) == space &&
         view(node->name) == name;
}

std::vector<xmlNode*> elements_of(xmlNode* parent) {
  std::vector<xmlNode*> found;
  for (auto* node = xmlFirstElementChild(parent); node != nullptr; node = xmlNextElementSibling(node))
    found.push_back(node);
  return found;
}

std::vector<xmlNode*> elements_of(xmlNode* parent, std::string_view space, std::string_view name) {
  auto found = elements_of(parent);
  std::erase_if(found, [&](const auto* node) { return !is_element(node, space, name); });
  return found;
}

// Of no namespace.
std::optional<std::string> attribute(const xmlNode* node, const char* name) {
  const Text value(xmlGetNoNsProp(node, chars(name)));
  if (!value) return std::nullopt;
  return std::string(view(value.get()));
}

// Text alone, without white space at its ends: where a comment stands within, readers disagree about what is
// said.
std::optional<std::string> text_of(const xmlNode* node) {
  constexpr const char* kBlank = " \t\r\n";
  std::string text;
  for (const auto* child = node->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE) return std::nullopt;
    text += view(child->content);
  }
  text.erase(0, text.find_first_not_of(kBlank));
  text.erase(text.find_last_not_of(kBlank) + 1);
  return text;
}

// ---- Reading XML

// Stops it where more of the document would only do harm; `why` lives as long as the process.
void stop(xmlParserCtxt* parser, const char* why) {
  parser->_private = const_cast<char*>(why);  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is C's
  xmlStopParser(parser);
}

// Before anything in it is read.
void on_doctype(void* context, const xmlChar* /*name*/, const xmlChar* /*id*/, const xmlChar* /*url*/) {
  stop(static_cast<xmlParserCtxt*>(context),
       "it has a document type declaration (DOCTYPE), which none needs");
}

void on_element(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* space,
                int declaration_count, const xmlChar** declarations, int attribute_count, int default_count,
                const xmlChar** attributes) {
  auto* parser = static_cast<xmlParserCtxt*>(context);
  if (parser->nodeNr >= kMostDepth) return stop(parser, "its elements are nested too deeply");
  if (declaration_count + attribute_count > kMostAttributes)
    return stop(parser, "an element of it has too many attributes");
  xmlSAX2StartElementNs(context, name, prefix, space, declaration_count, declarations, attribute_count,
                        default_count, attributes);
}

std::string why_not_read(xmlParserCtxt* parser) {
  const auto* error = xmlCtxtGetLastError(parser);
  if (error == nullptr || error->message == nullptr) return "it is no XML";
  std::string_view message = error->message;
  while (!message.empty() && message.back() == '\n') message.remove_suffix(1);
  const auto line = static_cast<std::size_t>(std::max(error->line, 0));
  const auto column = static_cast<std::size_t>(std::max(error->int2, 0));
  return "line " + number(line) + ", column " + number(column) + ": " + std::string(message);
}

Document read_document(std::string_view text, XmlAnswer* answer) {
  const auto none = [&](XmlStatus status, std::string_view why) {
    say(answer, status, why);
    return Document();
  };
  if (text.size() > kMostBytes) return none(kXmlInvalid, "it is larger than 1 MiB");
  const Parser parser(xmlNewParserCtxt());
  if (!parser) return none(kXmlUnusable, "out of memory");
  parser->sax->internalSubset = on_doctype;
  parser->sax->startElementNs = on_element;
  constexpr int kOptions = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  Document document(xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()), nullptr,
                                      "UTF-8", kOptions));
  if (parser->_private != nullptr) return none(kXmlInvalid, static_cast<const char*>(parser->_private));
  if (!document || parser->nsWellFormed == 0 || xmlDocGetRootElement(document.get()) == nullptr)
    return none(kXmlInvalid, why_not_read(parser.get()));
  return document;
}

// ---- What stands where

struct Survey {
  std::vector<xmlNode*> signatures = {};  // of any namespace: a damaged one is no missing one
  std::string root_id = {};               // empty: the root has none
  int bearers_of_root_id = 0;
};

bool is_named_id(const xmlAttr* one) {
  const auto name = view(one->name);
  return name.size() == 2 && std::tolower(static_cast<unsigned char>(name[0])) == 'i' &&
         std::tolower(static_cast<unsigned char>(name[1])) == 'd';
}

// Whatever might be taken for an ID counts, xml:id and Id too.
int bearers(const xmlNode* node, std::string_view id) {
  int count = 0;
  for (const auto* one = node->properties; one != nullptr; one = one->next) {
    const Text value(xmlNodeListGetString(node->doc, one->children, 1));
    if (is_named_id(one) && view(value.get()) == id) ++count;
  }
  return count;
}

// Every element, each before those in it.
Survey survey(xmlNode* root) {
  Survey found;
  found.root_id = attribute(root, "ID").value_or("");
  for (auto* node = root; node != nullptr;) {
    if (view(node->name) == "Signature") found.signatures.push_back(node);
    found.bearers_of_root_id += bearers(node, found.root_id);
    if (auto* child = xmlFirstElementChild(node)) {
      node = child;
      continue;
    }
    while (node != root && xmlNextElementSibling(node) == nullptr) node = node->parent;
    node = node == root ? nullptr : xmlNextElementSibling(node);
  }
  return found;
}

// ---- The form of a signature (XML Signature 1.1, 4), checked before xmlsec sees it

constexpr std::array<std::string_view, 6> kSignatureMethods = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"};
constexpr std::array<std::string_view, 3> kDigestMethods = {"http://www.w3.org/2001/04/xmlenc#sha256",
                                                            "http://www.w3.org/2001/04/xmldsig-more#sha384",
                                                            "http://www.w3.org/2001/04/xmlenc#sha512"};

// Exactly these children, in this order.
bool has_form(const std::vector<xmlNode*>& nodes, std::initializer_list<std::string_view> names) {
  return std::equal(nodes.begin(), nodes.end(), names.begin(), names.end(),
                    [](const auto* node, auto name) { return is_element(node, kSignature, name); });
}

template <class Allowed>
bool check_algorithm(const xmlNode* node, const Allowed& allowed, XmlAnswer* answer) {
  const auto algorithm = attribute(node, "Algorithm").value_or("");
  if (std::find(allowed.begin(), allowed.end(), algorithm) != allowed.end()) return true;
  return refuse_signature(answer, "the algorithm " + quoted(algorithm) + " of " + quoted(view(node->name)) +
                                      " is not one of those accepted (SHA-1 is not)");
}

// Exclusive canonicalization may name prefixes to keep, which adds to what is signed; other transforms take
// no arguments.
bool check_arguments(xmlNode* node, XmlAnswer* answer) {
  for (const auto* child : elements_of(node)) {
    if (is_element(child, kExclusive, "InclusiveNamespaces")) continue;
    return refuse_signature(answer, quoted(view(node->name)) + " has an argument that is not accepted");
  }
  return true;
}

bool check_transforms(xmlNode* transforms, XmlAnswer* answer) {
  const auto steps = elements_of(transforms);
  const bool has_steps = has_form(steps, {"Transform", "Transform"}) || has_form(steps, {"Transform"});
  if (!has_steps)
    return refuse_signature(answer, "its transforms are not enveloped-signature and canonicalization");
  constexpr std::array<std::string_view, 2> kInOrder = {kEnveloped, kExclusive};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!check_algorithm(steps[i], std::array{kInOrder[i]}, answer) || !check_arguments(steps[i], answer))
      return false;
  }
  return true;
}

bool check_reference(xmlNode* reference, const Survey& found, XmlAnswer* answer) {
  const auto uri = attribute(reference, "URI");
  if (!uri) return refuse_signature(answer, "its Reference has no URI");
  if (!uri->empty() && (found.root_id.empty() || *uri != "#" + found.root_id))
    return refuse_signature(answer, "its Reference " + quoted(*uri) + " is not to the root of the document");
  if (!uri->empty() && found.bearers_of_root_id != 1)
    return refuse_signature(answer, "the ID " + quoted(found.root_id) + " stands more than once");
  const auto parts = elements_of(reference);
  if (!has_form(parts, {"Transforms", "DigestMethod", "DigestValue"}))
    return refuse_signature(answer, "its Reference is not of transforms, a digest method and a digest");
  return check_transforms(parts[0], answer) && check_algorithm(parts[1], kDigestMethods, answer);
}

bool check_signed_info(xmlNode* signed_info, const Survey& found, XmlAnswer* answer) {
  const auto references = elements_of(signed_info, kSignature, "Reference").size();
  if (references != 1)
    return refuse_signature(answer, "it has " + number(references) + " References instead of one");
  const auto parts = elements_of(signed_info);
  if (!has_form(parts, {"CanonicalizationMethod", "SignatureMethod", "Reference"}))
    return refuse_signature(answer, "its SignedInfo is not of two methods and a Reference");
  return check_algorithm(parts[0], std::array{kExclusive}, answer) && check_arguments(parts[0], answer) &&
         check_algorithm(parts[1], kSignatureMethods, answer) && check_reference(parts[2], found, answer);
}

bool check_form(xmlNode* root, const Survey& found, XmlAnswer* answer) {
  if (found.signatures.size() != 1)
    return refuse_signature(answer, "the document has several Signature elements");
  if (found.signatures.front()->parent != root)
    return refuse_signature(answer, "its Signature does not stand directly below the root");
  const auto parts = elements_of(found.signatures.front());
  if (!is_element(found.signatures.front(), kSignature, "Signature") ||
      !has_form(parts, {"SignedInfo", "SignatureValue", "KeyInfo"}))
    return refuse_signature(answer, "it is not of SignedInfo, SignatureValue and KeyInfo");
  return check_signed_info(parts[0], found, answer);
}

// ---- The signature

std::optional<std::string> certificate_text(xmlNode* holder) {
  for (auto* data : elements_of(holder, kSignature, "X509Data")) {
    for (const auto* certificate : elements_of(data, kSignature, "X509Certificate"))
      return text_of(certificate);
  }
  return std::nullopt;
}

// Of the certificate that the signature carries, which is the only one that is looked at.
xmlSecKeyPtr key_of(xmlNode* key_info) {
  const auto base64 = certificate_text(key_info);
  if (!base64 || base64->empty()) return nullptr;
  std::vector<xmlSecByte> der(base64->size());
  const auto room = static_cast<xmlSecSize>(der.size());
  xmlSecSize size = 0;
  if (xmlSecBase64Decode_ex(chars(base64->c_str()), der.data(), room, &size) < 0 || size == 0) return nullptr;
  return xmlSecOpenSSLAppKeyLoadMemory(der.data(), size, xmlSecKeyDataFormatCertDer, nullptr, nullptr,
                                       nullptr);
}

bool allow_only_what_is_needed(xmlSecDSigCtx& context) {
  context.enabledReferenceUris = xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
  for (const auto id :
       {xmlSecTransformExclC14NId, xmlSecOpenSSLTransformRsaSha256Id, xmlSecOpenSSLTransformRsaSha384Id,
        xmlSecOpenSSLTransformRsaSha512Id, xmlSecOpenSSLTransformEcdsaSha256Id,
        xmlSecOpenSSLTransformEcdsaSha384Id, xmlSecOpenSSLTransformEcdsaSha512Id}) {
    if (xmlSecDSigCtxEnableSignatureTransform(&context, id) != 0) return false;
  }
  for (const auto id :
       {xmlSecTransformEnvelopedId, xmlSecTransformInclC14NId, xmlSecTransformExclC14NId,
        xmlSecOpenSSLTransformSha256Id, xmlSecOpenSSLTransformSha384Id, xmlSecOpenSSLTransformSha512Id}) {
    if (xmlSecDSigCtxEnableReferenceTransform(&context, id) != 0) return false;
  }
  return true;
}

bool digest_is_good(xmlSecDSigCtx& context) {
  const auto* reference =
      static_cast<xmlSecDSigReferenceCtx*>(xmlSecPtrListGetItem(&context.signedInfoReferences, 0));
  return xmlSecPtrListGetSize(&context.signedInfoReferences) == 1 && reference != nullptr &&
         reference->status == xmlSecDSigStatusSucceeded;
}

bool verify(xmlNode* signature, XmlAnswer* answer) {
  const SignatureContext context(xmlSecDSigCtxCreate(nullptr));
  if (!context || !allow_only_what_is_needed(*context)) return refuse(answer, kXmlUnusable, "out of memory");
  context->signKey = key_of(elements_of(signature)[2]);
  if (context->signKey == nullptr)
    return refuse_signature(answer, "its KeyInfo has no X509Certificate that can be read");
  if (xmlSecDSigCtxVerify(context.get(), signature) != 0)
    return refuse_signature(answer, "it cannot be verified with the key of its certificate");
  if (!digest_is_good(*context))
    return refuse_signature(answer, "the document was changed after it was signed: its digest is another");
  if (context->status == xmlSecDSigStatusSucceeded) return true;
  return refuse_signature(answer, "its value is not that of its certificate's key");
}

// The root's ID becomes what "#…" finds, and nothing else does.
bool name_root(xmlNode* root, const Survey& found) {
  if (found.root_id.empty()) return true;
  auto* id = xmlHasProp(root, chars("ID"));
  return id != nullptr && (id->atype == XML_ATTRIBUTE_ID ||
                           xmlAddID(nullptr, root->doc, chars(found.root_id.c_str()), id) != nullptr);
}

// A document without a signature is accepted.
bool check_signature(xmlNode* root, XmlAnswer* answer) {
  const auto found = survey(root);
  if (found.signatures.empty()) return true;
  if (!check_form(root, found, answer)) return false;
  if (!name_root(root, found)) return refuse_signature(answer, "the root's ID is not usable");
  if (!verify(found.signatures.front(), answer)) return false;
  answer->is_signed = 1;
  return true;
}

// ---- Federation metadata

struct Fact {
  XmlFact kind = kXmlEntityId;
  std::string text = {};
};
using Facts = std::vector<Fact>;

// xsi:type is a qualified name: which namespace its prefix stands for is said around it.
bool is_token_service(xmlNode* role) {
  const Text type(xmlGetNsProp(role, chars("type"), chars(kSchemaInstance.data())));
  if (!type) return false;
  std::string name(view(type.get()));
  name.erase(0, name.find_first_not_of(" \t\r\n"));
  name.erase(name.find_last_not_of(" \t\r\n") + 1);
  const auto colon = name.find(':');
  const auto prefix = colon == std::string::npos ? std::string() : name.substr(0, colon);
  const auto* space = xmlSearchNs(role->doc, role, prefix.empty() ? nullptr : chars(prefix.c_str()));
  return space != nullptr && view(space->href) == kFederation &&
         name.substr(colon == std::string::npos ? 0 : colon + 1) == "SecurityTokenServiceType";
}

bool add_text(Facts& facts, XmlFact kind, const xmlNode* node, XmlAnswer* answer) {
  auto text = text_of(node);
  if (!text)
    return refuse(answer, kXmlInvalid, "within " + quoted(view(node->name)) + " stands more than text");
  facts.push_back({kind, *std::move(text)});
  return true;
}

bool add_keys(Facts& facts, xmlNode* role, XmlAnswer* answer) {
  for (auto* descriptor : elements_of(role, kMetadata, "KeyDescriptor")) {
    if (attribute(descriptor, "use") != "signing") continue;
    for (auto* info : elements_of(descriptor, kSignature, "KeyInfo")) {
      for (auto* data : elements_of(info, kSignature, "X509Data")) {
        for (const auto* certificate : elements_of(data, kSignature, "X509Certificate")) {
          if (!add_text(facts, kXmlCertificate, certificate, answer)) return false;
        }
      }
    }
  }
  return true;
}

bool add_addresses(Facts& facts, xmlNode* role, XmlFact kind, std::string_view name, XmlAnswer* answer) {
  for (auto* endpoint : elements_of(role, kFederation, name)) {
    for (auto* reference : elements_of(endpoint, kAddressing, "EndpointReference")) {
      for (const auto* address : elements_of(reference, kAddressing, "Address")) {
        if (!add_text(facts, kind, address, answer)) return false;
      }
    }
  }
  return true;
}

bool collect(xmlNode* root, Facts& facts, XmlAnswer* answer) {
  const auto entity = attribute(root, "entityID");
  if (!entity || entity->empty()) return refuse(answer, kXmlInvalid, "its root has no entityID");
  facts.push_back({kXmlEntityId, *entity});
  for (auto* role : elements_of(root, kMetadata, "RoleDescriptor")) {
    if (!is_token_service(role)) continue;
    if (auto name = attribute(role, "ServiceDisplayName")) facts.push_back({kXmlRoleName, *std::move(name)});
    if (!add_keys(facts, role, answer) ||
        !add_addresses(facts, role, kXmlPassiveAddress, "PassiveRequestorEndpoint", answer) ||
        !add_addresses(facts, role, kXmlTokenAddress, "SecurityTokenServiceEndpoint", answer)) {
      return false;
    }
  }
  return true;
}

bool read_facts(std::string_view text, Facts& facts, XmlAnswer* answer) {
  if (!prepare()) return refuse(answer, kXmlUnusable, "libxml2 or xmlsec does not start");
  const auto document = read_document(text, answer);
  if (!document) return false;
  auto* root = xmlDocGetRootElement(document.get());
  if (!is_element(root, kMetadata, "EntityDescriptor")) {
    return refuse(answer, kXmlInvalid,
                  "its root is " + quoted(view(root->name)) + ", not the EntityDescriptor of a server");
  }
  return check_signature(root, answer) && collect(root, facts, answer);
}

// ---- What the program calls

void read_federation(const char* document, std::size_t size, XmlReceive receive, void* receiver,
                     XmlAnswer* answer) {
  *answer = {};
  try {
    Facts facts;
    const bool is_good = read_facts({document, size}, facts, answer);
    ERR_clear_error();
    if (!is_good) return;
    for (const auto& [kind, text] : facts) receive(receiver, kind, text.data(), text.size());
  } catch (const std::exception&) {  // of this copy of the runtime, which the program's does not know
    say(answer, kXmlUnusable, "out of memory");
  }
}

}  // namespace

// What kXmlEntry names.
extern "C" {
extern const XmlFunctions accord_xml_1 __attribute__((visibility("default")));
const XmlFunctions accord_xml_1 = {read_federation};
}

}  // namespace accord
