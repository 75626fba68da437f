// Logs each change of the switch in this isolate, whether posted here or read from the journal.
import type { Log } from "../../observe/log-line.ts";
import type { Bypass, SwitchState } from "./switch-state.ts";

export class SwitchLog {
  readonly #log: Log;
  #told: Bypass = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param of who posted it, why, and in which trace, in loggable form */
  posted(
    { bypass, position }: SwitchState,
    of: Readonly<Record<string, string | undefined>>,
  ): void {
    this.#told = bypass;
    const message = `The switch was posted here: ${inWords(bypass)}.`;
    const fields = { how: "posted", bypass: asField(bypass), position, ...of };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }

  /** @param state of the view after a read; `undefined` if nothing was ever posted */
  learnt(state: SwitchState | undefined): void {
    const { bypass = false, position } = state ?? {};
    if (JSON.stringify(bypass) === JSON.stringify(this.#told)) return;
    this.#told = bypass;
    const message = `This isolate follows the switch: ${inWords(bypass)}.`;
    const fields = { how: "learnt", bypass: asField(bypass), position };
    this.#log({ event: "switch", level: "warn", message, ...fields });
  }
}

const shownMax = 10;
const shownCharsMax = 80;

/** Limits the names: an entry of the journal may hold any number of routes, of any length. */
function shownOf(names: readonly string[]): string[] {
  return names.slice(0, shownMax).map((name) => name.slice(0, shownCharsMax));
}

function asField(bypass: Bypass): string {
  if (typeof bypass === "boolean") return bypass ? "everything" : "nothing";
  return shownOf(bypass).join(" ");
}

function inWords(bypass: Bypass): string {
  if (typeof bypass === "boolean") {
    return bypass ? "everything goes straight to the origin" : "nothing is bypassed";
  }
  const more = bypass.length > shownMax ? `, and ${bypass.length - shownMax} more` : "";
  return `these routes go straight to the origin: ${shownOf(bypass).join(", ")}${more}`;
}
