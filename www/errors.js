/** The one place where failures are told. It moves to where the person is looking. */
import { byId } from './dom.js';
import { errorWords } from './format.js';

export function showError(error, { title, before, onRetry, offersHub = false }) {
  // Of a workbench that another one took the place of: nobody waits for it any more, and the box must not go with it.
  if (!before.isConnected || error.code === 'disposed') return;
  const { message, hint, code } = errorWords(error);
  const box = byId('error');
  before.before(box);
  byId('error-title').textContent = title;
  byId('error-message').textContent = message;
  byId('error-hint').textContent = hint;
  byId('error-code').textContent = code;
  byId('error-hub').hidden = !offersHub;
  byId('error-retry').hidden = !onRetry;
  byId('error-retry').onclick = onRetry;
  box.hidden = false;
  box.scrollIntoView({ block: 'nearest' });
}

export function hideError() {
  byId('error').hidden = true;
}
