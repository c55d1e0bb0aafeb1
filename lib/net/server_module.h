// What accord_server.so (lib/server) offers to the program: plain C, because the two are linked to different
// copies of OpenSSL and of the C++ runtime, and nothing of either may cross from one to the other.
//
// A change of anything here takes a new number in kServerEntry, so that a module of another version is not
// found.
#pragma once

#include <cstddef>

namespace accord {

extern "C" {

enum ServerStatus : int {
  kServerDone = 0,         // stopped by a signal, or because `listening` said so
  kServerBadCertificate,   // no certificate in PEM
  kServerBadKey,           // no key in PEM, one with a password, or another certificate's
  kServerCannotListen,     // at this address
  kServerFailed,           // of another cause
};

// Not ended by a zero; valid for the call that it is given to.
struct ServerBytes {
  const char* data;
  std::size_t size;
};

struct ServerField {
  ServerBytes name;
  ServerBytes value;
};

struct ServerRequestParts {
  ServerBytes peer;  // "127.0.0.1:50412"
  ServerBytes method;
  ServerBytes target;  // begins with "/"
  const ServerField* fields;
  std::size_t field_count;
  ServerBytes body;
};

struct ServerAnswerParts {
  int status;
  const ServerField* fields;  // without Content-Length, Connection and Date, which are the module's
  std::size_t field_count;
  ServerBytes body;
};

// Copies all of it. To be called once, inside `handle`.
using ServerGive = void (*)(void* answer, const ServerAnswerParts* parts);

struct ServerHooks {
  void* context;
  // Once, when connections are taken. Not 0: stop at once.
  int (*listening)(void* context, unsigned short port);
  // From several threads at once; `worker` numbers them from 0.
  void (*handle)(void* context, unsigned worker, const ServerRequestParts* request, ServerGive give,
                 void* answer);
  // A connection was ended without `handle`: with this status, or 0 where there was nobody to tell.
  void (*refused)(void* context, ServerBytes peer, int status, ServerBytes why);
};

struct ServerSetup {
  const char* address;  // an IP address
  unsigned short port;  // 0: any
  unsigned workers;
  int tls;
  ServerBytes certificate;  // a chain, PEM
  ServerBytes key;          // PEM
};

struct ServerOutcome {
  int status;
  char text[512];  // why, for people
};

struct ServerFunctions {
  // Runs until SIGTERM or SIGINT, which it takes, and then until what was begun is answered, a few seconds at
  // most; a second signal ends that at once.
  void (*run)(const ServerSetup* setup, const ServerHooks* hooks, ServerOutcome* outcome);
};

}  // extern "C"

// The one symbol that the module shows: const ServerFunctions.
inline constexpr char kServerEntry[] = "accord_server_1";

}  // namespace accord
