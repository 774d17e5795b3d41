/** A policy of the page for scripts of its own origin: what `require-trusted-types-for` wants. */
export const trustedTypes = window.trustedTypes.createPolicy('aquiline', {
  createScriptURL(address) {
    if (new URL(address, location.href).origin === location.origin) return address;
    throw new TypeError(`${address} is none of our scripts`);
  },
});
