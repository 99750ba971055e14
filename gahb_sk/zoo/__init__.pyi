from ._hub import pull_pretrained as pull_pretrained
from ._hub import push_pretrained as push_pretrained
from ._pairs import load_pairs as load_pairs
from ._pretrained import (
    list_pairs as list_pairs,
)
from ._pretrained import (
    list_pretrained as list_pretrained,
)
from ._pretrained import (
    load_pretrained as load_pretrained,
)
from ._pretrained import (
    read_card as read_card,
)
