// A fake of Upstash. A test can make requests to the purge journal fail or wait, while the shared
// tier continues to work.
import { FakeUpstash } from "./fake-upstash.ts";

export class UnsteadyUpstash extends FakeUpstash {
  /**
   * `down`: requests fail before their commands run. `deaf`: commands run, and the connection
   * breaks before the answer.
   */
  journalMode: "works" | "down" | "deaf" = "works";
  /** Delays each answer of the journal, after its command has run. */
  beforeJournalAnswer: () => Promise<void> = () => Promise.resolve();

  /** Delays each command that stores a value, before the command runs. */
  beforeStored: () => Promise<void> = () => Promise.resolve();
  /** The number of requests that store values and have run, also if a newer value was kept. */
  storedCount = 0;

  /** The number of commands that read the journal, including scripts. */
  get journalReadCount(): number {
    return this.journalCommands.filter((name) => /^(?:X(?:REV)?RANGE|EVAL(?:_RO)?)$/.test(name))
      .length;
  }

  override async answer(path: string, body: unknown): Promise<Response> {
    const text = JSON.stringify(body);
    if (/"(?:set",|eval",.*,\d+,|[^"]*:journal:released",)"[^"]*:d:/i.test(text)) {
      await this.beforeStored();
      const answer = await this.#answerOfJournal(path, body);
      this.storedCount += 1;
      return answer;
    }
    return this.#answerOfJournal(path, body);
  }

  async #answerOfJournal(path: string, body: unknown): Promise<Response> {
    if (!/"x(?:add|range|revrange)"|:switch"|:journal:names"/i.test(JSON.stringify(body))) {
      return super.answer(path, body);
    }
    if (this.journalMode === "down") throw new TypeError("No connection.");
    const answer = await super.answer(path, body);
    if (this.journalMode === "deaf") throw new TypeError("The connection was lost.");
    await this.beforeJournalAnswer();
    return answer;
  }
}
