// Exports of `tidemark/opennext`: a data cache as the incremental cache, the tag cache and the queue of OpenNext for
// Cloudflare. The files import no package of OpenNext or Next.js.
export {
  openNextOverrides,
  type OpenNextMessage,
  type OpenNextOverrides,
  type OpenNextTagWrite,
  purge,
} from "./opennext-overrides.ts";
export type { OpenNextKind } from "./opennext-request.ts";
export { type OpenNextOptions, type OpenNextWorker, withTidemark } from "./opennext-worker.ts";
