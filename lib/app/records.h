// The records of spec/commands.md 5 and how each is made: the one place that knows their properties.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/location.h"
#include "lib/cert/timeline.h"
#include "lib/core/record.h"
#include "lib/metadata/document.h"
#include "lib/store/certificate_request.h"
#include "lib/store/oauth_configuration.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"
#include "lib/token/verify.h"

namespace accord {

extern const RecordType kPartnerApplicationType;
extern const RecordType kOAuthServerType;
extern const RecordType kOAuthConfigurationType;
extern const RecordType kCertificateType;
extern const RecordType kCertificateRequestType;
extern const RecordType kSipDomainType;
extern const RecordType kOAuthTokenType;
extern const RecordType kTokenTestType;
extern const RecordType kStoreLocationType;
extern const RecordType kManagementStoreType;
extern const RecordType kAuthMetadataType;
extern const RecordType kMetadataKeyType;
extern const RecordType kMetadataEndpointType;
extern const RecordType kCertificateTestType;
extern const RecordType kKeyLearnerType;
extern const RecordType kFindingType;
extern const RecordType kRefreshType;
extern const RecordType kCheckType;
extern const RecordType kTokenContentType;
extern const RecordType kMemberType;
extern const RecordType kConnectionTestType;
extern const RecordType kTestStepType;

[[nodiscard]] Record to_record(const PartnerApplication& partner);
[[nodiscard]] Record to_record(const OAuthServer& server);
[[nodiscard]] Record to_record(const SipDomain& domain);
[[nodiscard]] Record to_record(const CertificateRequest& request);
[[nodiscard]] Record to_record(const StoreLocation& location);
[[nodiscard]] Record to_record(const OAuthConfiguration& configuration,
                               const std::vector<std::string>& partners,
                               const std::vector<std::string>& servers,
                               const std::optional<std::string>& effective_realm);

// A certificate in one of its uses; none: unassigned.
enum class CertificateState { staged, current, previous, unassigned };
template <>
struct EnumNames<CertificateState> {
  static constexpr std::array<std::pair<CertificateState, std::string_view>, 4> table = {
      {{CertificateState::staged, "Staged"},
       {CertificateState::current, "Current"},
       {CertificateState::previous, "Previous"},
       {CertificateState::unassigned, "Unassigned"}}};
};
struct CertificateUse {
  CertificateState state = CertificateState::unassigned;
  std::optional<CertificateAssignment> assignment = {};
  std::optional<std::string> previous_thumbprint = {};
};
[[nodiscard]] Record to_record(const Certificate& certificate, const CertificateUse& use, Instant now);

// Whole days from `now` to `until`, rounded down; negative once it is over.
[[nodiscard]] std::int64_t days_left(Instant until, Instant now);

// "Property: old -> new" for each property that differs: what --what-if of a set verb shows.
[[nodiscard]] std::vector<std::string> changes_between(const Record& before, const Record& after);

}  // namespace accord
