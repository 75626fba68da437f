// Exports of `tidemark/purger`: a client that signs, sends and retries purges.
// See src/purger/README.md.
export type { Acceptance, DryRun, SendResult } from "./purger/answer.ts";
export type { PurgeMessage, PurgeOrder } from "./purger/message.ts";
export {
  createOutbox,
  type Outbox,
  type OutboxEntry,
  type OutboxReport,
  type OutboxSettings,
  type OutboxStore,
  type Round,
} from "./purger/outbox.ts";
export { PurgeError } from "./purger/purge-error.ts";
export {
  createPurger,
  type Purger,
  type PurgerSettings,
  type Retry,
  type RetryLimits,
  type TryOptions,
} from "./purger/create-purger.ts";
