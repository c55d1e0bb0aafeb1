#include "lib/app/finding.h"

#include "lib/app/records.h"

namespace accord {

Record to_record(const Finding& finding) {
  return Record(kFindingType)
      .add("Id", finding.id)
      .add("Severity", std::string(enum_name(finding.severity)))
      .add("Target", finding.target)
      .add("Detection", finding.detection)
      .add("Action", finding.action);
}

}  // namespace accord
