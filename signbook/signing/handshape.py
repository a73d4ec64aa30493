import numpy as np
def hand_pose(shape, signer_left, body):
    s = -1. if signer_left else 1.
    p = np.zeros((15,3))
    sel = {'flathand':'imrp','finger2345':'imrp','fist':'','finger2':'i','finger23':'im','finger23spread':'im','pinch12open':'mrp','ceeopen':'mrp'}.get(shape.first.base,'')
    for k,d in enumerate('imprt'):
        if d!='t' and d not in sel: p[3*k:3*k+3,2]=s*np.radians([80,95,60])
    return p
