// Takes a token from the user: by a question whose answer is not shown, or from stdin.
import { addAbortSignal } from "node:stream";
import { interruption, usageError } from "../command-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { World } from "../world.ts";
import { checkedToken } from "./token.ts";

interface Asking {
  readonly terminal: Pick<Terminal, "isInteractive" | "secret">;
  readonly world: World;
}

/** @throws CommandError for what is no token, and where it would be shown while it is typed */
export async function givenToken({ terminal, world }: Asking, origin: string): Promise<string> {
  if (terminal.isInteractive) {
    return checkedToken(await terminal.secret(`The ADMIN_TOKEN of ${origin}`), "What was typed");
  }
  if (world.input.isTTY === true) {
    throw usageError({
      what: "Nothing was stored.",
      why: "The token cannot be asked for: stderr is no terminal, and what is typed would be shown.",
      mend: "Run it without 2>, send the token on stdin, or write --no-token.",
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
