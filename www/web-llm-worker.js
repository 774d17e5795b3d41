/** The engine of WebLLM runs here, so that the page stays at hand while it loads, and ending this ends all of it. */
import { WebWorkerMLCEngineHandler } from '/web-llm/index.js';

const engine = new WebWorkerMLCEngineHandler();
self.onmessage = (event) => engine.onmessage(event);
