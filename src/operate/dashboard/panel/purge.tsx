// The form for a purge: first its preview, then the purge itself.
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import type { PurgeOrder } from "../../../protocol/purge-order.ts";
import { Hidden } from "../chart/elements.tsx";

const kinds = ["tags", "urls", "prefixes", "hosts", "routes"] as const;

export function PurgeForm() {
  return (
    <section>
      <h2>Purge</h2>
      <form data-to="purge">
        <label>
          Purge by
          <select name="kind">
            {kinds.map((kind) => (
              <option>{kind}</option>
            ))}
            <option>everything</option>
          </select>
        </label>
        <label>
          Names, one a line
          <textarea name="names" rows={3} placeholder="article:1" spellcheck={false} />
        </label>
        <fieldset>
          <legend>Mode</legend>
          <label class="choice">
            <input type="radio" name="mode" value="hard" checked /> hard: covered responses are not
            used again
          </label>
          <label class="choice">
            <input type="radio" name="mode" value="soft" /> soft: covered responses become stale
          </label>
        </fieldset>
        <label>
          Reason, for readers of the journal
          <input name="reason" maxlength={512} autocomplete="off" />
        </label>
        <button>Preview</button>
      </form>
      <div class="result" data-result="purge" role="status" />
    </section>
  );
}

/** Returns the order for the fields of the form. The purge route checks it. */
export function purgeOrderOf(fields: URLSearchParams): PurgeOrder {
  const kind = fields.get("kind") ?? "";
  const names = (fields.get("names") ?? "").split("\n").map((name) => name.trim());
  const reason = fields.get("reason")?.trim() ?? "";
  const given = kind === "everything" ? true : names.filter((name) => name !== "");
  return {
    [kind]: given,
    mode: fields.get("mode") === "soft" ? "soft" : "hard",
    ...(reason !== "" && { reason }),
  };
}

const notListed = "not counted, because only Redis can list its records";

interface PreviewProps {
  readonly preview: OperatorAnswer<"dryRun">;
  readonly fields: URLSearchParams;
}

export function PurgePreview({ preview, fields }: PreviewProps) {
  const { isolate, shared, data, urls = [], limits, notes = [] } = preview;
  const found = ({ covered, examined }: { readonly covered: number; readonly examined: number }) =>
    `${covered} of ${examined} examined records`;
  const mode = fields.get("mode") === "soft" ? "soft" : "hard";
  return (
    <form data-to="purge" class="confirm">
      <h3>Preview of a {mode} purge</h3>
      <ul>
        <li>Memory of this isolate: {found(isolate)}.</li>
        {data && <li>Data of this isolate: {found(data)}.</li>}
        <li>
          Shared tier:{" "}
          {typeof shared === "object" ? found(shared) : shared.replace("not listable", notListed)}
          {typeof shared === "object" && !shared.isWhole && ` ${shared.whyNotWhole ?? ""}`}.
        </li>
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
      {urls.length > 0 && (
        <details>
          <summary>Some covered URLs ({urls.length})</summary>
          <ul>
            {urls.map((url) => (
              <li>{url}</li>
            ))}
          </ul>
        </details>
      )}
      <p class="quiet">{limits}</p>
      <Hidden fields={fields} />
      <button class="danger" name="confirmed" value="yes">
        Purge now
      </button>
    </form>
  );
}

export function Purged({ answer }: { readonly answer: OperatorAnswer<"purge"> }) {
  return (
    <p class="done">
      <strong>Accepted</strong> at position {answer.position}. It holds in every colo within{" "}
      {answer.visibleWithinSeconds} s.
    </p>
  );
}
