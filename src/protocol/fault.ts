// A fault: three sentences (what, why, hint) shared by refusals, findings and the command.
export { type Fault, faultOf, faultText, isFault } from "../base/operator-error.ts";
