// Exports of `tidemark/rules`: the Worker's rules, for tests of an origin and for the CLI.
export { isCredentialField } from "./config/credential-fields.ts";
export { isAnalyticsCookie } from "./config/known-names.ts";
export { cookiesSetBy, type StorageVerdict, storingOf } from "./judging/storing.ts";
export { type ResponseDirectives, responseDirectives } from "./rules/cache-control.ts";
export { retryAfterSeconds } from "./rules/retry-after.ts";
export { silentlyVaryingBy } from "./rules/selecting.ts";
export type { RefusalRule } from "./rules/storable.ts";
