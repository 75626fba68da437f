// The switch: its state, the form that changes it, and the confirmation.
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import type { SwitchOrder } from "../../../protocol/operator-orders.ts";
import { Hidden, NoticeBox } from "../chart/elements.tsx";

type Bypass = OperatorAnswer<"switch">["bypass"];

function bypassText(bypass: Bypass | undefined): string {
  if (bypass === true) return "all routes go straight to the origin";
  return bypass === undefined || bypass === false
    ? "the cache answers"
    : `these routes go straight to the origin: ${bypass.join(", ")}`;
}

interface SwitchProps {
  readonly state: OperatorAnswer<"switch">;
  readonly routes: readonly string[];
}

export function SwitchForm({ state, routes }: SwitchProps) {
  const { bypass, since, here, variable, journal, unknownRoutes = [], key } = state;
  const chosen = typeof bypass === "boolean" ? [] : bypass;
  return (
    <section>
      <h2>Switch</h2>
      <div data-live="">
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
      </div>
      <form data-to="switch">
        <fieldset>
          <legend>Send straight to the origin</legend>
          <label class="choice">
            <input type="radio" name="bypass" value="none" checked={bypass === false} /> no route
          </label>
          <label class="choice">
            <input type="radio" name="bypass" value="all" checked={bypass === true} /> all routes
          </label>
          <label class="choice">
            <input type="radio" name="bypass" value="some" checked={chosen.length > 0} /> these
            routes:
          </label>
          <div class="routes">
            {routes.map((route) => (
              <label class="choice">
                <input
                  type="checkbox"
                  name="route"
                  value={route}
                  checked={chosen.includes(route)}
                />{" "}
                {route}
              </label>
            ))}
          </div>
        </fieldset>
        <label>
          Reason
          <input name="reason" maxlength={200} autocomplete="off" />
        </label>
        <button>Continue</button>
      </form>
      <div class="result" data-result="switch" role="status" />
    </section>
  );
}

/** Returns the order for the fields of the form. The switch route checks it. */
export function switchOrderOf(fields: URLSearchParams): SwitchOrder {
  const reason = fields.get("reason")?.trim() ?? "";
  const kind = fields.get("bypass");
  const bypass = kind === "all" ? true : kind === "none" ? false : fields.getAll("route");
  return { bypass, ...(reason !== "" && { reason }) };
}

interface ConfirmProps {
  readonly order: SwitchOrder;
  readonly fields: URLSearchParams;
}

export function SwitchConfirm({ order, fields }: ConfirmProps) {
  return (
    <form data-to="switch" class="confirm">
      <p>
        After this, <strong>{bypassText(order.bypass)}</strong>.
        {order.bypass !== false && " The origin then gets every request of these routes."}
      </p>
      <Hidden fields={fields} />
      <button class="danger" name="confirmed" value="yes">
        Confirm
      </button>
    </form>
  );
}

export function NoRouteChosen() {
  const why = "The choice is “these routes”, but no route has a tick.";
  return (
    <NoticeBox what="Nothing was switched." why={why} hint="Tick a route, or choose “no route”." />
  );
}

export function Switched({ state }: { readonly state: OperatorAnswer<"switch"> }) {
  const { bypass, visibleWithinSeconds } = state;
  return (
    <p class="done">
      <strong>Switched:</strong> {bypassText(bypass)}. Every colo follows
      {visibleWithinSeconds !== undefined && ` within ${visibleWithinSeconds} s`}.
    </p>
  );
}
