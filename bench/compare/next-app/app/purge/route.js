// Purges in a route handler, as a webhook does.
import { purges } from "../../purges.js";

export async function POST(request) {
  const { kind, target } = await request.json();
  purges[kind](target);
  return Response.json({});
}
