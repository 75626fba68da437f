// The fake of Upstash with a purge journal that fails as a test selects, while the shared tier
// continues.
import { FakeUpstash } from "./fake-upstash.ts";

export class UnsteadyUpstash extends FakeUpstash {
  /** `down`: no connection. `deaf`: runs commands, and sends no answer. */
  journalMode: "works" | "down" | "deaf" = "works";
  /** Delays every answer of the journal after its work is done. */
  beforeJournalAnswer: () => Promise<void> = () => Promise.resolve();

  /** Delays a command that stores a value on its way to the database. */
  beforeStored: () => Promise<void> = () => Promise.resolve();

  /** The number of reads of the journal. */
  get journalReadCount(): number {
    return this.journalCommands.filter((name) => /^(?:X(?:REV)?RANGE|EVAL(?:_RO)?)$/.test(name))
      .length;
  }

  override async answer(path: string, body: unknown): Promise<Response> {
    if (/"set","[^"]*:d:/i.test(JSON.stringify(body))) await this.beforeStored();
    if (!/"x(?:add|range|revrange)"|:switch"/i.test(JSON.stringify(body))) {
      return super.answer(path, body);
    }
    if (this.journalMode === "down") throw new TypeError("No connection.");
    const answer = await super.answer(path, body);
    if (this.journalMode === "deaf") throw new TypeError("The connection was lost.");
    await this.beforeJournalAnswer();
    return answer;
  }
}
