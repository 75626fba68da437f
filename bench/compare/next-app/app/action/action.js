// Purges in a Server Action.
"use server";
import { purges } from "../../purges.js";

export async function purge(kind, target) {
  purges[kind](target);
}
