"""The pages of the gateway: what a person meets between an app's sign-in and the app.

    browser ── lane ── UNIX socket ──► app.py            middlewares: headers, faults, visit, form check
                                        ├─ choice.py     すべての機能 / 就業打刻・明細閲覧のみ
                                        ├─ enrolment.py  QR code, key, first code ─┐
                                        ├─ code.py       one code                  ├─► second_factor.py ─► registry
                                        ├─ locked.py  step_up.py  cancel.py        ┘
                                        └─ help.py  assets.py                       public
    lane ── pages.Renderer.error_answer ──► the same look for 400, 403, 502, 503, 504, an expired sign-in

A handler is parse → one call → render. `views.py` holds one frozen view model per template; `words/` holds every
sentence in Japanese and English. Every POST ends in 303, so that reloading a page never sends a code twice.
"""
