// Reads a token from the user: by a hidden prompt, or from stdin.
import { addAbortSignal } from "node:stream";
import { interruption, usageError } from "../command-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { World } from "../world.ts";
import { checkedToken } from "./token.ts";

interface TokenPrompt {
  readonly terminal: Pick<Terminal, "isInteractive" | "secret">;
  readonly world: World;
}

/** @throws CommandError for an invalid token, for an interruption, and if the input would be visible */
export async function givenToken(
  { terminal, world }: TokenPrompt,
  origin: string,
): Promise<string> {
  if (terminal.isInteractive) {
    return checkedToken(await terminal.secret(`The ADMIN_TOKEN of ${origin}`), "The input");
  }
  if (world.input.isTTY === true) {
    throw usageError({
      what: "Nothing was stored.",
      why: "The token cannot be read: stderr is not a terminal, so the input would be visible.",
      hint: "Run the command without 2>, pass the token on stdin, or write --no-token.",
    });
  }
  return checkedToken((await firstLine(world)).trim(), "The first line of stdin");
}

const lineLengthMax = 4_096;

async function firstLine({ input, interrupted }: World): Promise<string> {
  let text = "";
  try {
    for await (const chunk of addAbortSignal(interrupted, input)) {
      text += String(chunk);
      if (text.includes("\n") || text.length > lineLengthMax) break;
    }
  } catch (cause) {
    if (interrupted.aborted) throw interruption("Nothing was stored.");
    throw cause;
  }
  return text.split("\n", 1)[0] ?? "";
}
