/** The styles of the parts, shared with the service's pages and customizable. */

import log from "../../../training_status/static/dashboard/log.css";
import metrics from "../../../training_status/static/dashboard/metrics.css";
import parts from "../../../training_status/static/dashboard/parts.css";
import run from "../../../training_status/static/dashboard/run.css";
import own from "./component.css";

/** Shared by all elements of a page. */
export const styles = new CSSStyleSheet();
styles.replaceSync([parts, run, metrics, log, own].join("\n"));
