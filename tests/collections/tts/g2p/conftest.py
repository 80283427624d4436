"""Small dictionaries, written for these tests."""

import pytest

CMU = """;;; made for tests
!MARK  M AA1 R K
A  AH0
A(1)  EY1
CAT  K AE1 T
'TIS  T IH1 Z
DOG  D AO1 G # a comment
HELLO  HH AH0 L OW1
HOUSE  HH AW1 S
LIVE  L IH1 V
LIVE(1)  L AY1 V
READ  R EH1 D
READ(2)  R IY1 D
WORLD  W ER1 L D
"""

IPA = """CAT  ˈkæt
DOG\tˈdɔɡ
HELLO  h ə ˈ l o ʊ
HOUSE  /ˈhaʊs/
LIVE  ˈlɪv, ˈlaɪv
READ  ˈɹɛd
READ(1)  ˈɹiːd
WORLD  ˈwɜːld
Größe  ˈɡʁøːsə
"""


@pytest.fixture
def cmu(tmp_path):
    path = tmp_path / "cmu.dict"
    path.write_text(CMU, encoding="latin-1")
    return path


@pytest.fixture
def ipa(tmp_path):
    path = tmp_path / "ipa.dict"
    path.write_text(IPA, encoding="utf-8")
    return path
