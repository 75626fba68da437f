// Logs each post that this isolate accepts, and each change of the switch that it reads.
import type { Log } from "../../observe/log-line.ts";
import type { Bypass, SwitchState } from "./switch-state.ts";

export class SwitchLog {
  readonly #log: Log;
  #bypass: Bypass = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param of the fields for the log line: the sender, the reason and the trace */
  posted(
    { bypass, position }: SwitchState,
    of: Readonly<Record<string, string | undefined>>,
  ): void {
    this.#bypass = bypass;
    const message = `This isolate accepted a post of the switch: ${inWords(bypass)}.`;
    const fields = { how: "posted", bypass: asField(bypass), position, ...of };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }

  /** @param state the view's state after a read; `undefined` if it has none */
  learnt(state: SwitchState | undefined): void {
    const { bypass = false, position } = state ?? {};
    if (JSON.stringify(bypass) === JSON.stringify(this.#bypass)) return;
    this.#bypass = bypass;
    const message = `This isolate follows the switch: ${inWords(bypass)}.`;
    const fields = { how: "learnt", bypass: asField(bypass), position };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }
}

const shownMax = 10;
const shownCharsMax = 80;

/** Limits the names, because an entry of the journal may contain many or long names of routes. */
function shownOf(names: readonly string[]): string[] {
  return names.slice(0, shownMax).map((name) => name.slice(0, shownCharsMax));
}

function asField(bypass: Bypass): string {
  if (typeof bypass === "boolean") return bypass ? "everything" : "nothing";
  return shownOf(bypass).join(" ");
}

function inWords(bypass: Bypass): string {
  if (typeof bypass === "boolean") {
    return bypass ? "every route bypasses the cache" : "nothing is bypassed";
  }
  const more = bypass.length > shownMax ? `, and ${bypass.length - shownMax} more` : "";
  return `these routes bypass the cache: ${shownOf(bypass).join(", ")}${more}`;
}
