#include "lib/app/sip_domains.h"

#include <fmt/format.h>

#include "lib/core/encoding.h"

namespace accord {

Result<SipDomain> stored_sip_domain(Connection& store, std::string_view name) {
  TRY_ASSIGN(auto found, find_sip_domain(store, name));
  if (found) return *std::move(found);
  TRY_ASSIGN(const auto all, list_sip_domains(store));
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  const auto close = nearest(name, names);
  return fail("SipDomain.NotFound", fmt::format("no SIP domain is named '{}'", name), std::string(name),
              close.empty() ? "get-sip-domain lists them all"
                            : fmt::format("did you mean '{}'?   get-sip-domain lists them all", close));
}

}  // namespace accord
