// Loads @upstash/redis at the first call, because processes with a connection of their own need none of it.
import type { ReachRest, Transport } from "./address.ts";

export const overUpstashLazily: ReachRest = (address) => {
  let transport: Transport | undefined;
  return async (...call) => {
    // Do not keep the promise: on Workers, a request must not wait for the promise of another.
    transport ??= (await import("./rest.ts")).overUpstash(address);
    return transport(...call);
  };
};
