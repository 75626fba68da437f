// Exports of `tidemark`: the configuration and the core, for Workers and Node. `createCache` and `membersWith` give
// the tiers and the journal to a cache of your own. See docs/configuration.md, docs/vcl.md#rules and
// docs/own-worker.md.
export {
  analyticsCookies,
  type Config,
  consentCookies,
  defineConfig,
  trackingParameters,
} from "./config/config.ts";
export { cacheHeaders, type SharedAnswer } from "./config/cache-headers.ts";
export type {
  AddedNames,
  WrittenConfig,
  WrittenCookies,
  WrittenLimits,
  WrittenLogs,
  WrittenOrigin,
  WrittenStrip,
  WrittenStripping,
  WrittenTimeouts,
} from "./config/written.ts";
export type {
  Lifetimes,
  NegativeLifetimes,
  TagsOf,
  WrittenKey,
  WrittenQuery,
  WrittenRoute,
  WrittenRouteCookies,
} from "./config/written-route.ts";
export type { PathParameters } from "./part/port/path-parameters.ts";
export type { WrittenPurge, WrittenRoutePurge } from "./config/written-purge.ts";
export type { Duration, WrittenAnswerRule } from "./config/written-route.ts";
export type {
  StatusPattern,
  WrittenAnswerConditions,
  WrittenCondition,
  WrittenEdits,
  WrittenErrorPage,
  WrittenLengthBounds,
  WrittenRequest,
  WrittenResponse,
  WrittenRouteOrigin,
  WrittenWhen,
} from "./config/written-origin.ts";
export type { NamePattern } from "./config/known-names.ts";
export { type CachePlatform, createCache, type TieredCache } from "./compose/create-cache.ts";
export type { CacheRecord, MetadataWith } from "./cache/record/record.ts";
export { RecordKey } from "./cache/record/record-key.ts";
export { membersWith } from "./cache/tiers/record-codec.ts";
export type { RecordForm } from "./cache/tiers/record-form.ts";
export type { Log, LogEvent, LogLevel, LogLine, LogValue } from "./observe/log-line.ts";
export { defineRule } from "./part/rule/define-rule.ts";
export type {
  Rule,
  RuleAdmission,
  RuleAnswer,
  RuleClient,
  RuleCondition,
  RuleCredential,
  RuleEdits,
  RuleFields,
  RuleHost,
  RuleRequest,
} from "./part/rule/rule.ts";
export type { RoutePart } from "./part/port/part.ts";
export { OperatorError } from "./base/operator-error.ts";
export type { Database } from "./protocol/variables/database.ts";
export type { Background } from "./platform/platform.ts";
