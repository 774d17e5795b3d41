// Imports everything and tells what that left behind, and what it asked for.
const asked = [];
for (const [object, name] of [
  [globalThis, 'fetch'],
  [globalThis, 'MessageChannel'],
  [WebAssembly, 'Module'],
  [WebAssembly, 'compile'],
  [WebAssembly, 'instantiate'],
]) {
  const real = object[name];
  object[name] = new Proxy(real, {
    apply: (target, self, words) => (asked.push(name), Reflect.apply(target, self, words)),
    construct: (target, words) => (asked.push(name), Reflect.construct(target, words)),
  });
}

const globals = Object.getOwnPropertyNames(globalThis);
const modules = await Promise.all(process.argv.slice(2).map((name) => import(name)));

const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globals.includes(name));
// Requests, as those of reading these modules, end by themselves; ports, timers and sockets do not.
const running = process.getActiveResourcesInfo().filter((name) => !/Req/.test(name));
console.log(JSON.stringify({ names: modules.map((module) => Object.keys(module)), added, asked, running }));
