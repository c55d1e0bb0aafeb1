// What accord_xml.so (lib/xml) offers to the program: plain C, because the two are linked to different copies
// of OpenSSL and of the C++ runtime, and nothing of either may cross from one to the other.
//
// A change of anything here takes a new number in kXmlEntry, so that a module of another version is not
// found.
#pragma once

#include <cstddef>

namespace accord {

extern "C" {

enum XmlStatus : int {
  kXmlDone = 0,
  kXmlInvalid,       // no well-formed document of the kind that is read
  kXmlBadSignature,  // it carries one that is wrong, or of a form that is not accepted
  kXmlUnusable,      // libxml2 or xmlsec does not start, or memory is out
};

struct XmlAnswer {
  int status;
  int is_signed;   // and the signature is good
  char text[512];  // a clause that says what is wrong; holds text of the document
};

// What stands in FederationMetadata.xml, in the document's order.
enum XmlFact : int {
  kXmlEntityId,        // once, first
  kXmlRoleName,        // ServiceDisplayName of a role of type SecurityTokenServiceType
  kXmlCertificate,     // base64, of a KeyDescriptor use="signing" of such a role
  kXmlPassiveAddress,  // of its PassiveRequestorEndpoint
  kXmlTokenAddress,    // of its SecurityTokenServiceEndpoint
};

// `text` lives as long as the call. It must not throw: the module has a runtime of its own.
typedef void (*XmlReceive)(void* receiver, int fact, const char* text, std::size_t size);

struct XmlFunctions {
  // UTF-8, at most 1 MiB. Nothing is received before everything was found good.
  void (*read_federation)(const char* document, std::size_t size, XmlReceive receive, void* receiver,
                          XmlAnswer* answer);
};

}  // extern "C"

// The one symbol that the module shows: const XmlFunctions.
inline constexpr char kXmlEntry[] = "accord_xml_1";

}  // namespace accord
