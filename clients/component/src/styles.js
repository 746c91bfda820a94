/** What the parts look like: as on the service's own page, in colours and fonts that can be changed. */

import log from "../../../training_status/static/dashboard/log.css";
import metrics from "../../../training_status/static/dashboard/metrics.css";
import parts from "../../../training_status/static/dashboard/parts.css";
import run from "../../../training_status/static/dashboard/run.css";
import own from "./component.css";

/** Made once, for all elements of a page. */
export const styles = new CSSStyleSheet();
styles.replaceSync([parts, run, metrics, log, own].join("\n"));
