#include "lib/app/unsupported.h"

#include <array>
#include <utility>

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::string_view kLater = "it is not in this version";
constexpr std::string_view kTrustedApplications =
    "trusted applications of SIP servers are outside server-to-server OAuth; use new-partner-application for "
    "tokens";
constexpr std::string_view kSharePoint =
    "SharePoint's own store is not managed here; register the farm with new-partner-application";
constexpr std::string_view kDiagnosis =
    "it needs the servers' own mailboxes and contacts; show-oauth-token and "
    "test-oauth-token look at the tokens";

constexpr auto kCmdlets = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Test-CsExStorageNotification", kDiagnosis},
    {"Debug-CsUnifiedContactStore", kDiagnosis},
    {"Invoke-CsUcsRollback", kDiagnosis},
    {"Get-CsTopology", kLater},
    {"Publish-CsTopology", kLater},
    {"Enable-CsTopology", kLater},
    {"Test-CsTopology", kLater},
    {"Get-CsSite", kLater},
    {"Set-CsSite", kLater},
    {"Get-CsPool", kLater},
    {"Get-CsComputer", kLater},
    {"Get-CsService", kLater},
    {"Export-CsConfiguration", kLater},
    {"Import-CsConfiguration", kLater},
    {"Get-CsManagementStoreReplicationStatus", kLater},
    {"Invoke-CsManagementStoreReplication", kLater},
    {"Get-CsManagementConnection", kLater},
    {"Set-CsManagementConnection", kLater},
    {"Remove-CsManagementConnection", kLater},
    {"Test-CsReplica", kLater},
    {"Enable-CsReplica", kLater},
    {"Get-CsServerVersion", "accord --version tells it"},
    {"Get-CsTrustedApplication", kTrustedApplications},
    {"New-CsTrustedApplication", kTrustedApplications},
    {"Set-CsTrustedApplication", kTrustedApplications},
    {"Remove-CsTrustedApplication", kTrustedApplications},
    {"Get-CsTrustedApplicationPool", kTrustedApplications},
    {"New-CsTrustedApplicationPool", kTrustedApplications},
    {"Set-CsTrustedApplicationPool", kTrustedApplications},
    {"Remove-CsTrustedApplicationPool", kTrustedApplications},
    {"Compare-Configuration", kLater},
    {"Test-ManagementStore", kLater},
    {"Backup-ManagementStore",
     "it is not in this version; copy the store and its key file while no verb writes"},
    {"Restore-ManagementStore", kLater},
    {"Update-ManagementStore", "a store of an older version is brought up to date when it is next opened"},
    {"Get-AuditLog", kLater},
    {"Test-AuditLog", kLater},
    {"Get-SPAuthenticationRealm", "get-oauth-configuration shows the realm"},
    {"Set-SPAuthenticationRealm", "use set-oauth-configuration --realm"},
    {"New-SPTrustedSecurityTokenIssuer", kSharePoint},
    {"Get-SPTrustedSecurityTokenIssuer", kSharePoint},
    {"Set-SPTrustedSecurityTokenIssuer", kSharePoint},
    {"Remove-SPTrustedSecurityTokenIssuer", kSharePoint},
    {"New-SPTrustedRootAuthority", kSharePoint},
    {"Get-SPSecurityTokenServiceConfig", kSharePoint},
    {"Set-SPSecurityTokenServiceConfig", kSharePoint},
});

// "New-CsOAuthServer" and "new-oauth-server" as one.
std::string plain(std::string_view name) {
  std::string made;
  const auto dash = name.find('-');
  std::string_view noun = dash == std::string_view::npos ? name : name.substr(dash + 1);
  if (starts_with_ignoring_case(noun, "cs")) noun.remove_prefix(2);
  made = std::string(name.substr(0, dash)) + std::string(noun);
  std::erase(made, '-');
  return to_lower(made);
}

}  // namespace

std::string_view why_unsupported(std::string_view name) {
  for (const auto& [cmdlet, why] : kCmdlets) {
    if (plain(cmdlet) == plain(name)) return why;
  }
  return {};
}

}  // namespace accord
