// The parts of the public suite that are imported here; it comes without types.
declare module "http-cache-tests/tests/*" {
  const suites: unknown;
  export default suites;
}

declare module "http-cache-tests/server/*" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  const handle: (
    segments: readonly string[],
    request: IncomingMessage,
    response: ServerResponse,
  ) => void;
  export default handle;
}
