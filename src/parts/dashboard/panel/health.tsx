// The findings of the health check, with their fixes.
import type { OperatorAnswer } from "../../../protocol/answers.ts";

export function Health({ health }: { readonly health: OperatorAnswer<"health"> }) {
  const { status, summary, findings, notLookedAt, version, colo } = health;
  return (
    <section>
      <h2>
        Health: <span class={`status ${status}`}>{status}</span>
      </h2>
      <p class="quiet">
        {summary} Tidemark {version}, checked in {colo || "an unnamed colo"}.
      </p>
      {findings.map(({ code, level, about, what, since, cause, remedy, details }) => (
        <article class={`finding ${level}`}>
          <h3>
            <span class="level">{level}</span> {code}
            {about && `: ${about}`}
          </h3>
          <p>{what}</p>
          <p>
            <b>Cause:</b> {cause}
          </p>
          <p>
            <b>Fix:</b> {remedy}
          </p>
          {(since !== null || details !== undefined) && (
            <p class="quiet">
              {since && `Since ${since}. `}
              {details}
            </p>
          )}
        </article>
      ))}
      {notLookedAt.length > 0 && <p class="quiet">Not checked: {notLookedAt.join(" ")}</p>}
    </section>
  );
}
