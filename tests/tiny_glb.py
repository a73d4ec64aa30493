"""A box-built signer of five joints in one small GLB: enough to test a player without the avatar."""
import json
import struct

import numpy as np

JOINTS = [("pelvis", None, (0, 0.95, 0)), ("chest", 0, (0, 1.25, 0)), ("head", 1, (0, 1.5, 0)),
          ("left_arm", 1, (0.2, 1.4, 0)), ("right_arm", 1, (-0.2, 1.4, 0))]
BOXES = [(0, (-0.17, 0, -0.1), (0.17, 1.0, 0.1), 2), (1, (-0.2, 1.0, -0.12), (0.2, 1.45, 0.12), 1),
         (2, (-0.1, 1.5, -0.11), (0.1, 1.74, 0.11), 0), (3, (0.2, 1.36, -0.05), (0.8, 1.44, 0.05), 0),
         (4, (-0.8, 1.36, -0.05), (-0.2, 1.44, 0.05), 0)]
COLOURS = [(0.72, 0.45, 0.34), (0.04, 0.09, 0.2), (0.05, 0.05, 0.06)]


def box(low, high):
    "Corners (24,3), normals (24,3) and triangles (12,3) of one box with flat faces."
    points, normals, faces = [], [], []
    for axis in range(3):
        for end in (0, 1):
            u, v = [a for a in range(3) if a != axis]
            if (end == 1) != (axis == 1): order = [(0, 0), (1, 0), (1, 1), (0, 1)]
            else: order = [(0, 0), (0, 1), (1, 1), (1, 0)]
            first = len(points)
            for a, b in order:
                corner = [0, 0, 0]
                corner[axis], corner[u], corner[v] = (low, high)[end][axis], (low, high)[a][u], (low, high)[b][v]
                points.append(corner)
                normals.append([(2 * end - 1) if k == axis else 0 for k in range(3)])
            faces += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
    return np.array(points, 'f4'), np.array(normals, 'f4'), np.array(faces, 'u2')


def tiny_glb(seconds=3.0, fps=30):
    "Bytes of a GLB whose two arms swing up in front of the body and down again."
    buffers, views, accessors = [], [], []

    def put(array, kind, component, target=None, bounds=False):
        data = np.ascontiguousarray(array)
        views.append({"buffer": 0, "byteOffset": sum(map(len, buffers)), "byteLength": data.nbytes})
        if target: views[-1]["target"] = target
        accessors.append({"bufferView": len(views) - 1, "componentType": component, "count": len(data), "type": kind})
        if bounds: accessors[-1] |= {"min": np.atleast_1d(data.min(0)).tolist(), "max": np.atleast_1d(data.max(0)).tolist()}
        buffers.append(data.tobytes() + b"\0" * (-data.nbytes % 4))
        return len(accessors) - 1

    primitives = []
    for joint, low, high, colour in BOXES:
        points, normals, faces = box(low, high)
        ids = np.zeros((24, 4), 'u1'); ids[:, 0] = joint
        weights = np.zeros((24, 4), 'f4'); weights[:, 0] = 1
        primitives.append({"material": colour, "indices": put(faces.ravel(), "SCALAR", 5123, 34963), "attributes": {
            "POSITION": put(points, "VEC3", 5126, 34962, True), "NORMAL": put(normals, "VEC3", 5126, 34962),
            "JOINTS_0": put(ids, "VEC4", 5121, 34962), "WEIGHTS_0": put(weights, "VEC4", 5126, 34962)}})
    places = np.array([place for *_, place in JOINTS], 'f4')
    inverse = np.tile(np.eye(4, dtype='f4'), (len(JOINTS), 1, 1)); inverse[:, 3, :3] = -places
    nodes = [{"name": name, "translation": (places[i] - (places[parent] if parent is not None else 0)).tolist()}
             for i, (name, parent, _) in enumerate(JOINTS)]
    for i, (_, parent, _) in enumerate(JOINTS):
        if parent is not None: nodes[parent].setdefault("children", []).append(i)
    times = np.arange(int(seconds * fps) + 1, dtype='f4') / fps
    half = np.pi / 2 * np.sin(np.pi * times / seconds) / 2
    zero = np.zeros_like(half)
    left = np.stack([zero, -np.sin(half), zero, np.cos(half)], 1).astype('f4')
    right = left * np.array([1, -1, 1, 1], 'f4')
    clock = put(times, "SCALAR", 5126, bounds=True)
    samplers = [{"input": clock, "output": put(turn, "VEC4", 5126)} for turn in (left, right)]
    channels = [{"sampler": k, "target": {"node": 3 + k, "path": "rotation"}} for k in range(2)]
    skin = {"joints": list(range(len(JOINTS))), "inverseBindMatrices": put(inverse.reshape(-1, 16), "MAT4", 5126)}
    nodes.append({"mesh": 0, "skin": 0})
    tree = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0, len(nodes) - 1]}], "nodes": nodes,
            "meshes": [{"primitives": primitives}], "skins": [skin],
            "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [*c, 1], "metallicFactor": 0, "roughnessFactor": 0.9}}
                          for c in COLOURS],
            "animations": [{"name": "signing", "samplers": samplers, "channels": channels}],
            "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": sum(map(len, buffers))}]}
    text = json.dumps(tree).encode(); text += b" " * (-len(text) % 4)
    body = b"".join(buffers)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(body))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(body), b"BIN\0") + body
