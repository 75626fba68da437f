// Sends a script by its digest once the server has its text. The server may forget the text, such as at a restart.
import { nodeGlobals } from "../../../base/node-globals.ts";
import type { WireCommand } from "./connection.ts";

const byDigest: Readonly<Record<string, string>> = { EVAL: "EVALSHA", EVAL_RO: "EVALSHA_RO" };

/** The user may not send scripts by their digests, or a proxy does not know the command. */
const refusal = /^(?:NOPERM|ERR unknown command)\b.{0,80}\bevalsha/i;

export class KnownScripts {
  readonly #digests = new Map<string, string>();
  #isRefused = false;

  /** Returns the command with the digest in place of a script that an earlier command has carried. */
  shortened(command: WireCommand): WireCommand | undefined {
    const { 0: name, 1: script = "" } = command;
    const short = byDigest[name];
    if (short === undefined || this.#isRefused) return undefined;
    const known = this.#digests.get(script);
    if (known !== undefined) return [short, known, ...command.slice(2)];
    const hash = nodeGlobals.process?.getBuiltinModule?.("node:crypto")?.hash;
    if (hash !== undefined) this.#digests.set(script, hash("sha1", script, "hex"));
    return undefined;
  }

  /** Returns whether the server has run nothing, because it needs the text of the script. */
  needsText(reply: unknown): boolean {
    if (!(reply instanceof Error)) return false;
    const isRefused = refusal.test(reply.message);
    if (isRefused) this.#isRefused = true;
    return isRefused || reply.message.startsWith("NOSCRIPT");
  }
}
