// The form that explains how a URL is answered, and its result.
import type { OperatorAnswer } from "../../../protocol/answers.ts";

export function ExplainForm() {
  return (
    <section>
      <h2>Explain a URL</h2>
      <form data-to="explain">
        <label>
          URL, or a path of this site
          <input name="url" required autocomplete="off" placeholder="/news/1" />
        </label>
        <label>
          Method
          <input name="method" value="GET" autocomplete="off" />
        </label>
        <label>
          Header fields, one a line
          <textarea name="headers" rows={3} placeholder="Accept-Language: de" spellcheck={false} />
        </label>
        <button>Explain</button>
      </form>
      <div class="result" data-result="explain" role="status" />
    </section>
  );
}

export function Explained({ explanation }: { readonly explanation: OperatorAnswer<"explain"> }) {
  const { verdict, next } = explanation;
  const closer = verdict.case === undefined ? "" : ` (${verdict.case})`;
  return (
    <>
      <p>
        <b>{verdict.kind}</b> by {verdict.by}
        {closer}. Next step: {next}.
      </p>
      <p class="quiet">
        The command tidemark explain says what the codes mean, and how to fix them.
      </p>
      <pre tabindex={0} role="region" aria-label="Explanation">
        {JSON.stringify(explanation, undefined, 2)}
      </pre>
    </>
  );
}

/** Returns the query of `GET explain` for the fields of the form. */
export function explainQuery(fields: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams({
    url: fields.get("url")?.trim() ?? "",
    method: fields.get("method")?.trim() || "GET",
  });
  for (const line of (fields.get("headers") ?? "").split("\n")) {
    if (line.trim() !== "") query.append("header", line.trim());
  }
  return query;
}
