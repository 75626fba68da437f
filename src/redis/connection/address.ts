// The address of a database that is used over the application's connection.
import type { RedisAddress } from "../open-client.ts";
import { carryOver } from "./carry.ts";
import { connectionOf } from "./given-connection.ts";
import { connectionWords } from "./words.ts";

/** By connection. Each connection gets one listener for errors, although several caches use it. */
const addresses = new WeakMap<object, RedisAddress>();

/**
 * Returns the address.
 *
 * @throws OperatorError if the client is of another library, or cannot carry the cache's commands
 */
export function addressOver(given: object): RedisAddress {
  const known = addresses.get(given);
  if (known !== undefined) return known;
  const connection = connectionOf(given);
  const { mayResend } = connection;
  // No request uses this address.
  const nowhere = { url: "https://connection.invalid", token: "none" };
  const address = { ...nowhere, ...carryOver(connection), mayResend, words: connectionWords };
  addresses.set(given, address);
  return address;
}
