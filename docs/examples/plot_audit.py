"""
Audit a network from elsewhere
==============================

A torch module of another package becomes a denoiser by ``as_denoiser``. ``audit`` then says how
good it is, whether it acts like a Bayes denoiser, and how far it is from the optimum of the images.
"""

from gahb_sk import load_pretrained
from gahb_sk.denoisers import as_denoiser
from gahb_sk.experiments import audit
from gahb_sk.image_classes import DiskImages
from gahb_sk.plots import LeadDisplay

module = load_pretrained("disks").as_module()  # stands for yours, called as module(noisy, sigma)
law = DiskImages(40)
found = audit(
    as_denoiser(module),
    law.sample(8, random_state=0),
    sigma=[0.05, 0.2],
    reference={"optimum": law.posterior_mean()},
    quick=True,
    sections=["quality", "bayes"],
    name="network",
)
for row in found.verdicts().rows():
    print(f"{row['topic']}: {row['grade']}. {row['text']}")

# %%
# The optimum is known for disks. Between it and the network lies what better training could gain.
LeadDisplay(found.tables["quality"]).plot()
