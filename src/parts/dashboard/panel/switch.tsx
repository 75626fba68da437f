// The state of the switch, and the command that changes it.
import type { OperatorAnswer } from "../../../protocol/answers.ts";

type Bypass = OperatorAnswer<"switch">["bypass"];

function bypassText(bypass: Bypass | undefined): string {
  if (bypass === true) return "all routes go straight to the origin";
  return bypass === undefined || bypass === false
    ? "the cache answers"
    : `these routes go straight to the origin: ${bypass.join(", ")}`;
}

export function Switch({ state }: { readonly state: OperatorAnswer<"switch"> }) {
  const { bypass, since, here, variable, journal, unknownRoutes = [], key } = state;
  return (
    <section>
      <h2>Switch</h2>
      <p>
        Now {bypassText(bypass)}
        {since && ` (since ${since})`}.
      </p>
      <ul class="quiet">
        <li>In this isolate: {bypassText(here)}.</li>
        <li>By the variable BYPASS: {bypassText(variable)}.</li>
        {unknownRoutes.length > 0 && <li>Unknown routes: {unknownRoutes.join(", ")}.</li>}
        {key && <li>{key}</li>}
        {journal && (
          <li>{typeof journal === "string" ? journal : `${journal.why} ${journal.hint}`}</li>
        )}
      </ul>
      <p class="quiet">
        This page changes nothing. Run <code>npx tidemark switch on</code> or{" "}
        <code>npx tidemark switch off</code>.
      </p>
    </section>
  );
}
