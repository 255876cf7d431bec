/**
 * A Kubernetes cluster in a browser tab, for any page.
 *
 *     import { createCluster } from "https://…/terrarium.js";
 *     const cluster = await createCluster();
 *     const { stdout } = await cluster.exec("kubectl get nodes");
 *
 * Importing the module also defines two elements:
 *
 *     <terrarium-terminal scenario="scenario.yaml" seed="7"></terrarium-terminal>
 *     <terrarium-lesson src="lessons/images/01-private-registries"></terrarium-lesson>
 *
 * README.md beside this file lists their attributes, events and custom properties.
 */
import { TerrariumLesson } from "./lesson.js";
import { TerrariumTerminal } from "./terminal.js";

export { createCluster } from "./cluster.js";
export type { Cluster, ClusterEvent, ClusterOptions, Edit, EditOutcome } from "./cluster.js";
export { CrashError, LoadError, RequestError } from "./link.js";
export type * from "./protocol.js";
export { TerrariumLesson, TerrariumTerminal };

if (!customElements.get("terrarium-terminal")) customElements.define("terrarium-terminal", TerrariumTerminal);
if (!customElements.get("terrarium-lesson")) customElements.define("terrarium-lesson", TerrariumLesson);

declare global {
  interface HTMLElementTagNameMap {
    "terrarium-terminal": TerrariumTerminal;
    "terrarium-lesson": TerrariumLesson;
  }
}
