"Draw docs/avatar.png, the picture in the README: one moment of every sign of a short sentence."
from pathlib import Path

from PIL import Image

from signbook.pipeline import text_to_motion
from signbook.show.render import still

SENTENCE = 'Hello, my name is Sam.'
SIZE, WIDTH = 400, 350   # of a still, and of the part of it that is kept, pixels


def moments(motion) -> list[int]:
    "Frames to show: the middle of each sign, three of a spelled word."
    parts = {'spell': (0.12, 0.5, 0.95)}
    return [round((s.start + share*(s.end - s.start))*motion.fps) for s in motion.spans for share in parts.get(s.kind, (0.5,))]


def main():
    motion = text_to_motion(SENTENCE).motion
    frames = moments(motion)
    picture = Image.new('RGB', (WIDTH*len(frames), SIZE))
    for i, frame in enumerate(frames):
        edge = (SIZE - WIDTH)//2
        picture.paste(still(motion, frame, size=SIZE).convert('RGB').crop((edge, 0, edge + WIDTH, SIZE)), (WIDTH*i, 0))
    path = Path(__file__).resolve().parent.parent/'docs'/'avatar.png'
    path.parent.mkdir(exist_ok=True)
    picture.quantize(96).save(path, optimize=True)
    print(f'{path.name}: {picture.width} x {picture.height}, {path.stat().st_size/1000:.0f} kB')


if __name__ == '__main__':
    main()
