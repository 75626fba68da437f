// The address of a database that is used over the application's connection.
import type { RedisAddress } from "../open-client.ts";
import { carryOver } from "./carry.ts";
import { connectionOf } from "./given-connection.ts";
import { connectionWords } from "./words.ts";

/**
 * Returns the address.
 *
 * @throws OperatorError if the client is of another library, or cannot carry the cache's commands
 */
export function addressOver(given: object): RedisAddress {
  const connection = connectionOf(given);
  const { mayResend } = connection;
  // No request uses this address.
  const nowhere = { url: "https://connection.invalid", token: "none" };
  return { ...nowhere, ...carryOver(connection), mayResend, words: connectionWords };
}
