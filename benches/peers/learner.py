"""One update of the learner, written with PyTorch: the peer of benches/learner.rs, which starts it.

    python benches/peers/learner.py FIXTURE

reads the batch, the weights and our results from FIXTURE (safetensors), ends with an error unless its losses and its
gradient are ours, says so in one line of JSON, and then answers each line `WAY UPDATES` on its input with a list of
milliseconds. One thread, float32. The batch lies ready in tensors; ours is laid out within the time that is measured.
"""

import json
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# The bound is for sums of some thousand float32 in another order.
TOLERANCE = 1e-4
# As in src/network.rs.
GAIN_SCALE = 200.0


class Policy(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.state = linear(weights, "policy.state.weight", "policy.state.bias")
        self.query = linear(weights, "policy.query.weight")
        self.action = linear(weights, "policy.action.weight", "policy.action.bias")
        self.key = linear(weights, "policy.key.weight")
        self.gain = nn.Parameter(weights["policy.gain.weight"].reshape(()).clone())

    def forward(self, states, actions, candidates, gains, temperature, way):
        """Log-probabilities of the candidates of each decision; every different action goes through its tower once."""
        queries = self.query(F.relu(self.state(states)))
        keys = self.key(F.relu(self.action(actions)))
        if way == "products":
            products = (queries @ keys.T).gather(1, candidates)
        else:
            products = torch.einsum("dk,dck->dc", queries, keys[candidates])
        scores = products / keys.shape[1] ** 0.5 + self.gain * gains
        return F.log_softmax(scores / temperature, dim=1)


class Learner:
    def __init__(self, parameters, reference, settings):
        self.policy, self.reference = Policy(parameters), Policy(reference)
        hidden = linear(parameters, "value.state.weight", "value.state.bias")
        self.value = nn.Sequential(hidden, nn.ReLU(), linear(parameters, "value.worth.weight", "value.worth.bias"))
        self.settings = settings
        rates = settings["optimizer"]
        groups = [
            {"params": list(self.policy.parameters()), "lr": rates["policyRate"]},
            {"params": list(self.value.parameters()), "lr": rates["valueRate"]},
        ]
        self.optimizer = torch.optim.Adam(groups, fused=True)

    def update(self, batch, way):
        """One step; the losses before it."""
        settings = self.settings
        states, actions, candidates = batch["states"], batch["actions"], batch["candidates"]
        gains = in_deviations(batch["gains"])
        inputs = (states, actions, candidates, gains, settings["temperature"], way)
        with torch.no_grad():
            reference = self.reference(*inputs)
        log_p = self.policy(*inputs)
        values = self.value(states).squeeze(1)
        advantages, returns = estimate(batch["utilities"], values.detach(), settings)
        taken = log_p.gather(1, batch["chosen"]).squeeze(1)
        policy_loss = -(advantages * taken).mean()
        kl = (log_p.exp() * (log_p - reference)).sum(1).mean()
        value_loss = (values - returns).square().mean()
        loss = policy_loss + settings["klWeight"] * kl + value_loss
        self.optimizer.zero_grad()
        loss.backward()
        for network in (self.policy, self.value):
            nn.utils.clip_grad_norm_(network.parameters(), settings["optimizer"]["mostGradient"])
        self.optimizer.step()
        return {"policyLoss": policy_loss.item(), "kl": kl.item(), "valueLoss": value_loss.item()}

    def gradients(self):
        """By our names, in our layout."""
        p, (hidden, _, worth) = self.policy, self.value
        return {
            "policy.state.weight": p.state.weight.grad.T,
            "policy.state.bias": p.state.bias.grad,
            "policy.query.weight": p.query.weight.grad.T,
            "policy.action.weight": p.action.weight.grad.T,
            "policy.action.bias": p.action.bias.grad,
            "policy.key.weight": p.key.weight.grad.T,
            "policy.gain.weight": p.gain.grad,
            "value.state.weight": hidden.weight.grad.T,
            "value.state.bias": hidden.bias.grad,
            "value.worth.weight": worth.weight.grad.T,
            "value.worth.bias": worth.bias.grad,
        }


def linear(weights, weight, bias=None):
    layer = nn.Linear(*weights[weight].shape, bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weights[weight].T)
        if bias is not None:
            layer.bias.copy_(weights[bias].flatten())
    return layer


def in_deviations(gains):
    centred = gains - gains.mean(1, keepdim=True)
    deviation = centred.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)
    return (centred / deviation).clamp(-3, 3) * GAIN_SCALE


def estimate(utilities, values, settings):
    """Whitened advantages (GAE) and returns, of rewards at the end of an episode."""
    horizon = utilities.shape[1] - 1
    values = values.reshape(-1, horizon)
    advantages, returns = torch.zeros_like(values), torch.zeros_like(values)
    advantage, following, expected = 0.0, utilities[:, -1], 0.0
    for step in reversed(range(horizon)):
        reward = utilities[:, -1] if step == horizon - 1 else 0.0
        following = following if step == horizon - 1 else settings["discount"] * following
        surprise = reward + settings["discount"] * expected - values[:, step]
        advantage = surprise + settings["discount"] * settings["trace"] * advantage
        advantages[:, step], returns[:, step], expected = advantage, following, values[:, step]
    advantages = (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)
    return advantages.flatten(), returns.flatten()


def read(path):
    """Tensors and metadata of a safetensors file of float32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    metadata = {key: json.loads(value) for key, value in header.pop("__metadata__").items()}
    everything = torch.frombuffer(data, dtype=torch.float32)
    slices = {name: [end // 4 for end in entry["data_offsets"]] for name, entry in header.items()}
    return {name: everything[a:b].reshape(header[name]["shape"]) for name, (a, b) in slices.items()}, metadata


def check(learner, batch, way, expected, log):
    """Largest relative differences from ours, of losses and of gradients; an error where one is too large."""
    losses = learner.update(batch, way)
    loss = max(abs(value - log[name]) / abs(log[name]) for name, value in losses.items())
    off = {
        name: ((found.reshape(expected[name].shape) - expected[name]).norm() / expected[name].norm()).item()
        for name, found in learner.gradients().items()
    }
    worst = max(off, key=off.get)
    if not (loss <= TOLERANCE and off[worst] <= TOLERANCE):
        sys.exit(f"{way}: losses {losses} where ours are {log}; gradients off by {off}")
    return {"losses": float(f"{loss:.1e}"), "gradients": float(f"{off[worst]:.1e}")}


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tensors, metadata = read(sys.argv[1])
    part = lambda name: {key.removeprefix(name): value for key, value in tensors.items() if key.startswith(name)}
    batch = {name: tensors[name] for name in ("states", "actions", "gains", "utilities")}
    batch |= {name: tensors[name].long() for name in ("candidates", "chosen")}
    fresh = lambda: Learner(part("parameters."), part("reference."), metadata["settings"])
    off = {way: check(fresh(), batch, way, part("gradient."), metadata["log"]) for way in ("products", "keys")}
    print(json.dumps({"torch": torch.__version__, "off": off}), flush=True)
    learner, untouched = fresh(), fresh()
    learner.update(batch, "products")
    for line in sys.stdin:
        way, updates = line.split()
        times = []
        for _ in range(int(updates)):
            # Always from the same weights; Adam's state stays, so that no step has to make room for it.
            learner.policy.load_state_dict(untouched.policy.state_dict())
            learner.value.load_state_dict(untouched.value.state_dict())
            start = time.perf_counter()
            learner.update(batch, way)
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
